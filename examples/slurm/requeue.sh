#!/bin/bash
#SBATCH --job-name=heat
#SBATCH --nodes=4
#SBATCH --ntasks-per-node=12
#SBATCH --exclusive
#SBATCH --time=04:00:00
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --signal=B:USR1@120

# A computation that is longer than the time limit, in as many starts of one job as it takes. Two minutes before the limit Slurm
# sends SIGUSR1 to this script, and the script hands it on to odop, which ends its tasks and hands it on to the application. That
# writes where it is and exits with 75; then the job goes back into Slurm's queue, with the same id. Its next start goes on from
# there, and odop goes on with the same run: what was done is not done again, what was left is done first.
#
#   make heat-mpi && sbatch requeue.sh

export OMP_NUM_THREADS=1

echo "start number $((${SLURM_RESTART_COUNT:-0} + 1)) of job $SLURM_JOB_ID"

# In the background, because bash reacts to signals only while it waits.
odop run -- \
  srun ./heat-mpi --resume --size 16384 --steps 2000000 --every 5000 "$@" &
odop=$!
trap 'kill -USR1 $odop' USR1

wait "$odop"
code=$?
# The signal ends that wait, not odop.
if [ "$code" -gt 128 ]; then
  wait "$odop"
  code=$?
fi

# 75 is the application's way to say that there is more to do.
if [ "$code" -eq 75 ]; then
  scontrol requeue "$SLURM_JOB_ID"
  # Slurm ends this script; without the pause it could end by itself first, and count as failed.
  sleep 60
fi
exit "$code"
