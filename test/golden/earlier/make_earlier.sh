#!/usr/bin/env bash
# Corrects module 0 of the golden run with an earlier build of detcal, for the test that later ones make the same files:
#     test/golden/earlier/make_earlier.sh 22feb60 /data
# Builds the commit in a folder of its own, works in the other, whose name stays in the files, and leaves metadata and CORR
# files, gzip-ed, beside this script. Committed: those of 22feb60 (2026-11-30, detcal 0.1.0+75da394ec33eb6cf).
set -euo pipefail
commit=$1 place=$2
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT
git -C "$root" archive "$commit" | tar x -C "$build"
(cd "$build" && npm ci --silent && npm run -s build)
detcal() { node "$build/dist/src/cli/main.js" "$@"; }

mkdir -p "$place/raw/r0001"
for file in "$root"/test/golden/run/files/raw/r0001/*.gz; do
  gunzip -c "$file" >"$place/raw/r0001/$(basename "${file%.gz}")"
done
gunzip -c "$root/test/golden/run/files/constants/cal.1699000000.0.h5.gz" >"$place/cal.1699000000.0.h5"
detcal constants import "$place/cal.1699000000.0.h5" --catalogue "$place/catalogue" --detector agipd1m --module 0
detcal correct "$place/raw/r0001" --out "$place/proc/r0001" --catalogue "$place/catalogue" --modules 0 \
  --steps threshold,low-medium-gap,force-mg-if-below,force-hg-if-below,offset,relative-gain,adjust-mg-baseline,set-min,xray-gain,mask,range \
  --trains :3 --constants-cache off
cp "$place"/proc/r0001/*.yml "$here"
for file in "$place"/proc/r0001/*.h5; do gzip -9n <"$file" >"$here/$(basename "$file").gz"; done
