#!/bin/bash
#SBATCH --job-name=heat
#SBATCH --nodes=4
#SBATCH --ntasks-per-node=4
#SBATCH --cpus-per-task=12
#SBATCH --time=01:00:00

# MPI ranks with OpenMP threads: on each node four ranks with 12 cores each, of which 10 compute. Two of each rank's cores stay
# with the tasks: a hybrid program often runs no slower so, since the last cores only wait for the same memory.
#
#   make heat-mpi && sbatch mpi-openmp.sh

export OMP_NUM_THREADS=${OMP_NUM_THREADS:-10}
export OMP_PLACES=cores
export OMP_PROC_BIND=close
# Threads that wait must sleep: a core on which one spins looks busy. Ranks that wait for each other do spin, in most MPI libraries.
export OMP_WAIT_POLICY=passive

# Since Slurm 22.05 srun does not know --cpus-per-task of the job by itself.
odop run --drain=10m --max-slowdown 2% -- \
  srun --cpus-per-task="$SLURM_CPUS_PER_TASK" --cpu-bind=cores ./heat-mpi --size 16384 --steps 20000 --every 500 "$@"
