#!/bin/bash
#SBATCH --job-name=gpu
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=4
#SBATCH --gpus-per-node=4
#SBATCH --cpus-per-task=16
#SBATCH --time=08:00:00

# An application that computes on GPUs: a host thread for each GPU, and 15 of 16 host cores with little to do. odop uses those
# cores, and no GPU unless a task asks for one: its step on the other nodes has none.
#
#   sbatch gpu.sh ./your-gpu-application its arguments

# The threads that feed the GPUs should not even share a cache with tasks: the first four cores of each node stay free of them.
#
# A host thread that waits for its GPU by spinning (CUDA's default) keeps its core busy. Where the application lets you choose, let it
# block (cudaDeviceScheduleBlockingSync).
odop run --drain=10m --reserve-cores 4 -- \
  srun --cpus-per-task="$SLURM_CPUS_PER_TASK" --gpus-per-task=1 "$@"
