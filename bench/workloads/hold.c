/*
 * An application near the memory limit: hold MEGABYTES SECONDS RATE FILE
 *
 * Fills so much memory, writes FILE to say so, then computes and reads back what it has filled, in turn. Its work is
 * fixed, RATE is as for application.c. `intact` in its account says whether all of its memory held what it should.
 */
#include "work.h"
#include <stdio.h>
#include <stdlib.h>

#define ROUND_SECONDS 0.1

static uint64_t *data;
static long words;

static uint64_t expected(long word) { return (uint64_t)word * 0x9E3779B97F4A7C15ULL + 1; }

static int holds(long from, long to) {
  for (long word = from; word < to; word++) {
    if (data[word] != expected(word)) return 0;
  }
  return 1;
}

int main(int argc, char **argv) {
  if (argc < 5) return 2;
  double start = seconds_of(CLOCK_MONOTONIC);
  words = atol(argv[1]) * (1L << 20) / (long)sizeof *data;
  long rounds = (long)(atof(argv[2]) / ROUND_SECONDS + 0.5);
  long units = (long)(ROUND_SECONDS * atof(argv[3]) + 0.5);
  data = malloc(words * sizeof *data);
  if (data == NULL || rounds < 1) return 1;
  for (long word = 0; word < words; word++) data[word] = expected(word);

  FILE *file = fopen(argv[4], "w");
  if (file == NULL || fclose(file) != 0) return perror(argv[4]), 1;

  int intact = 1;
  volatile uint64_t sink = 0;
  for (long round = 0; round < rounds; round++) {
    sink += work(round + 1, units);
    intact &= holds(words / rounds * round, words / rounds * (round + 1));
  }
  intact &= holds(0, words);
  double wall = seconds_of(CLOCK_MONOTONIC) - start;
  printf("{\"startedSeconds\":%.6f,\"wallSeconds\":%.6f,\"cpuSeconds\":%.6f,\"intact\":%s}\n", start, wall,
         seconds_of(CLOCK_PROCESS_CPUTIME_ID), intact ? "true" : "false");
  return intact ? 0 : 3;
}
