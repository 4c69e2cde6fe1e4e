#!/usr/bin/env bash
# Checks and measures the GPU of this machine, which needs Node and a Vulkan driver: `npm ci && npm run check:gpu`. Every test of
# devices runs on it; then docs/gpu/<host>.md says what it is and how fast, beside the processor.
set -euo pipefail
cd "$(dirname "$0")/.."
npm run -s build
export DETCAL_BUILT=1 DETCAL_TEST_GPU=1
detcal() { node dist/src/cli/main.js "$@"; }

detcal devices
npx vitest run --config vitest.gpu.config.ts

mkdir -p docs/gpu
report=docs/gpu/$(hostname -s).md
{
  echo "# GPU of $(hostname -s)"
  echo
  echo '```'
  detcal devices
  echo '```'
  echo
  detcal bench kernels --device gpu --markdown
} >"$report.part"
mv "$report.part" "$report"
echo "written: $report"
