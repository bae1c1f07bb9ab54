#!/bin/bash
#SBATCH --job-name=heat
#SBATCH --nodes=4
#SBATCH --ntasks-per-node=12
#SBATCH --exclusive
#SBATCH --time=01:00:00

# An MPI program on four nodes, 12 ranks on each. With --exclusive the job has all cores of its nodes, and those without a
# rank are for the tasks, on every node: odop starts an agent on each of the others by a job step of its own.
#
#   make heat-mpi && sbatch many-nodes.sh
#
# Nothing but `odop run -- ` is put before the srun that you would write anyway. Some sites want --mpi=pmix or --mpi=pmi2 there.

export OMP_NUM_THREADS=1

odop run --drain=10m -- \
  srun ./heat-mpi --size 8192 --steps 20000 --every 500 "$@"
