#!/bin/bash
#SBATCH --job-name=heat-drain
#SBATCH --nodes=1
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=16
#SBATCH --time=01:00:00

# Works off what the tasks of another job have left over, in a small job after it:
#
#   job=$(sbatch --parsable many-nodes.sh)
#   sbatch --dependency=afterany:$job drain.sh job-$job

odop drain "$1"
