#!/usr/bin/env bash
# A real Slurm on this machine, for tests: one controller and two nodes, `one` and `two`, which differ by their host names (UTS
# namespaces). Everything is in FOLDER, nothing of the machine's own Slurm is touched, and no systemd is needed. Root.
#   cluster.sh install          the Debian packages, unless they are there
#   cluster.sh start FOLDER     then SLURM_CONF=FOLDER/slurm.conf is the configuration for all commands
#   cluster.sh node FOLDER NAME starts a node's daemon again
#   cluster.sh stop FOLDER      ends all of it; jobs too
# Starting what runs, and stopping what does not, changes nothing.
set -euo pipefail

packages=(slurm-wlm munge)

install() {
  local missing=() package
  for package in "${packages[@]}"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  if [ ${#missing[@]} -eq 0 ]; then return; fi
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -q
  apt-get install -y -q --no-install-recommends "${missing[@]}"
}

# Whether the process of a pid file runs.
runs() { [ -s "$1" ] && kill -0 "$(cat "$1")" 2>/dev/null; }

free_ports() { # COUNT
  node -e '
    const net = require("node:net"), servers = []
    const next = left => left === 0
      ? (console.log(servers.map(s => s.address().port).join(" ")), servers.forEach(s => s.close()))
      : servers.push(net.createServer().listen(0, "127.0.0.1", () => next(left - 1)))
    next(Number(process.argv[1]))' "$1"
}

configure() {
  local host ports
  host=$(hostname -s)
  read -ra ports <<<"$(free_ports 3)"
  dd if=/dev/urandom of="$folder/munge.key" bs=128 count=1 status=none
  chmod 600 "$folder/munge.key"
  # cred_expire is also how long a requeued job waits before it begins again.
  cat >"$folder/slurm.conf" <<CONF
ClusterName=detcal
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=${ports[0]}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket=$folder/munge.socket,cred_expire=5
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool-%n
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd-%n.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SlurmdParameters=config_overrides
SchedulerParameters=sched_interval=1,batch_sched_delay=0,bf_interval=2
KillWait=5
SlurmdTimeout=60
ReturnToService=2
NodeName=one NodeHostname=one NodeAddr=127.0.0.1 Port=${ports[1]} CPUs=4 RealMemory=16000
NodeName=two NodeHostname=two NodeAddr=127.0.0.1 Port=${ports[2]} CPUs=4 RealMemory=16000
PartitionName=test Nodes=ALL Default=YES MaxTime=60 State=UP
CONF
}

start_node() { # NAME
  runs "$folder/slurmd-$1.pid" && return
  mkdir -p "$folder/spool-$1"
  unshare --uts sh -c 'hostname "$1" && exec slurmd -f "$2"' sh "$1" "$folder/slurm.conf"
}

start() {
  mkdir -p "$folder/state"
  [ -s "$folder/slurm.conf" ] || configure
  export SLURM_CONF=$folder/slurm.conf
  runs "$folder/munged.pid" || munged --force --key-file="$folder/munge.key" --socket="$folder/munge.socket" \
    --pid-file="$folder/munged.pid" --log-file="$folder/munged.log" --seed-file="$folder/munged.seed" 2>/dev/null
  runs "$folder/slurmctld.pid" || slurmctld -f "$SLURM_CONF"
  start_node one
  start_node two
  for _ in $(seq 300); do
    if [ "$(sinfo --noheader --Node --states=idle,mixed,allocated --format=%N 2>/dev/null | sort -u | wc -l)" = 2 ]; then return; fi
    sleep 0.1
  done
  echo "Slurm did not start: see $folder/*.log" >&2
  exit 1
}

stop() {
  export SLURM_CONF=$folder/slurm.conf
  local name pid file
  if runs "$folder/slurmctld.pid"; then
    timeout 10 scancel --user=root 2>/dev/null || true
    for _ in $(seq 100); do
      [ -n "$(timeout 10 squeue --noheader 2>/dev/null)" ] || break
      sleep 0.1
    done
  fi
  for name in slurmd-one slurmd-two slurmctld munged; do
    file=$folder/$name.pid
    runs "$file" || continue
    pid=$(cat "$file")
    kill "$pid"
    for _ in $(seq 100); do
      kill -0 "$pid" 2>/dev/null || break
      sleep 0.1
    done
    kill -KILL "$pid" 2>/dev/null || true
  done
}

action=${1:-}
if [ "$action" = install ]; then
  install
  exit
fi
folder=$(realpath -m "${2:?which folder}")
case $action in
  start) start ;;
  node)
    export SLURM_CONF=$folder/slurm.conf
    start_node "${3:?which node}"
    ;;
  stop) stop ;;
  *)
    sed -n '2,9p' "$0" >&2
    exit 2
    ;;
esac
