/**
 * Every rank begins as this shell script, on whichever node it is, and becomes the program that its arguments name. It takes
 * the rank's cores and the lowest priority; a tool that is missing, or refused, is left out.
 *
 * Slurm gives a step a session of its own, and so a scheduling group of its own, whose nice value is to be set. That of the
 * runner's own session is not ours to change: the application may be in it.
 *
 * When srun is killed together with what watches over it, its ranks would run on: Slurm does not even end their input. So the
 * runner says through it every few seconds that it lives (\`ODOP_WATCHED\`: how long it may say nothing); a rank that hears
 * nothing more is killed. Its own input is empty.
 */
export const RANK_SCRIPT = `
node=\${SLURMD_NODENAME:-$(hostname)}
case $ODOP_CORES_BY_NODE in *";$node="*) ;; *) node=$ODOP_NODE ;; esac
slot=\${ODOP_LOCAL_RANK:-\${SLURM_LOCALID:-\${OMPI_COMM_WORLD_LOCAL_RANK:-\${MPI_LOCALRANKID:-0}}}}
rank=\${ODOP_RANK:-\${SLURM_PROCID:-\${OMPI_COMM_WORLD_RANK:-\${PMI_RANK:-0}}}}

ranges=\${ODOP_CORES_BY_NODE#*";$node="}
at=0 cores=
IFS=,
for range in \${ranges%%;*}; do
  core=\${range%-*} last=\${range#*-}
  while [ "$core" -le "$last" ]; do
    [ $((at / ODOP_CPUS_PER_RANK)) -eq "$slot" ] && cores=$cores\${cores:+,}$core
    at=$((at + 1)) core=$((core + 1))
  done
done
unset IFS
export ODOP_NODE="$node" ODOP_CORES="$cores" ODOP_RANK="$rank" ODOP_LOCAL_RANK="$slot"

session=
[ -r /proc/$$/stat ] && read -r _ _ _ _ _ session _ < /proc/$$/stat
machine=
[ -r /proc/sys/kernel/hostname ] && read -r machine < /proc/sys/kernel/hostname
if [ -n "$ODOP_SESSION" ] && [ "$machine/$session" != "$ODOP_SESSION" ]; then
  for try in 1 2 3 4 5 6 7 8; do
    case $(cat /proc/self/autogroup 2>/dev/null) in '' | *' nice 19') break ;; esac
    { echo 19 > /proc/self/autogroup; } 2>/dev/null && break
    sleep 0.11
  done
fi
[ -w /proc/self/oom_score_adj ] && { echo 1000 > /proc/self/oom_score_adj; } 2>/dev/null

works() { "$@" true </dev/null >/dev/null 2>&1; }
works ionice -c 3 && set -- ionice -c 3 "$@"
works nice -n 19 && set -- nice -n 19 "$@"
works chrt -i 0 && set -- chrt -i 0 "$@"
[ -n "$cores" ] && works taskset -c "$cores" && set -- taskset -c "$cores" "$@"

if [ -n "$ODOP_WATCHED" ]; then
  begun() { sed 's/.*) //' /proc/$$/stat 2>/dev/null | cut -d ' ' -f 20; }
  since=$(begun)
  exec 3<&0 </dev/null
  (
    # Only bash can wait for a line for so long and no longer.
    if command -v bash; then bash -c 'while read -r -t "$ODOP_WATCHED" _; do :; done' <&3
    else while read -r _ <&3; do :; done
    fi
    [ "$(begun)" = "$since" ] && kill -KILL $$
  ) >/dev/null 2>&1 &
  exec 3<&-
fi
exec "$@"
`
