#!/bin/bash
#SBATCH --job-name=heat
#SBATCH --array=1-8%4
#SBATCH --nodes=1
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=8
#SBATCH --time=01:00:00
#SBATCH --output=heat-%A_%a.out

# Eight cases of different size, each a job of its own in a folder of its own. Runs are named after the array and the index,
# job-1234_1 to job-1234_8, so they never take each other's files.
#
#   make heat && sbatch job-array.sh

export OMP_NUM_THREADS=${OMP_NUM_THREADS:-6}
export OMP_WAIT_POLICY=passive

mkdir -p "case-$SLURM_ARRAY_TASK_ID"
cd "case-$SLURM_ARRAY_TASK_ID" || exit 1

odop run --tasks "${ODOP_TASKS:-../tasks}" --drain=10m -- \
  srun --cpus-per-task="$SLURM_CPUS_PER_TASK" ../heat --size $((512 * SLURM_ARRAY_TASK_ID)) --steps 10000 "$@"
