#!/bin/bash
#SBATCH --job-name=heat
#SBATCH --nodes=1
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=16
#SBATCH --time=01:00:00

# One program with 12 threads on a node of 16 cores. What it writes is reduced, rendered and archived meanwhile by ./tasks,
# on the four cores that it leaves alone, and on the others whenever it waits.
#
#   make heat && sbatch one-node.sh

export OMP_NUM_THREADS=${OMP_NUM_THREADS:-12}
# Threads that wait must sleep: a core on which one spins looks busy.
export OMP_WAIT_POLICY=passive

# --drain: what is left when the application has ended is finished then, for ten minutes at most. Give --time that much more.
odop run --drain=10m -- \
  srun --cpus-per-task="$SLURM_CPUS_PER_TASK" ./heat --size 4096 --steps 20000 --every 500 "$@"
