/*
 * An application of fixed work: application SHAPE SECONDS RATE THREADS
 *
 * RATE is what `application rate` (of bandwidth: `application stream-rate 0 0 THREADS`) has said once on this machine:
 * units of work per second. With it the work of the shape takes about SECONDS alone; it is the same, however long it
 * takes. Prints its account of itself as one line of JSON, see account.h.
 */
#include "account.h"
#include "work.h"
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_THREADS 1024
/* 64 MB each, three a thread: larger than the share of a thread in any last-level cache of today. */
#define STREAM_LENGTH (8L << 20)
#define PHASE_SECONDS 3.0
#define BURST_SECONDS 0.02
#define PROGRESS_SECONDS 0.25
/* Between two waits for each other: rank 0 has ten times the work of the others. */
#define ROUND_SECONDS 0.05

static double seconds, rate;
static int threads;

static atomic_uint_fast64_t sink;

static void busy(double for_seconds) {
  sink += work(88172645463325252ULL, (long)(for_seconds * rate + 0.5));
}

static void *one_core(void *index) {
  (void)index;
  busy(seconds);
  return NULL;
}

static void pulse(double phase) {
  long cycles = (long)(seconds / (2 * phase) + 0.5);
  /* At least two: it must come back to cores that it has left. */
  for (long cycle = 0; cycle < (cycles > 2 ? cycles : 2); cycle++) {
    busy(phase);
    rest(phase);
  }
}

static void *alternating(void *index) {
  (void)index;
  pulse(PHASE_SECONDS);
  return NULL;
}

static void *bursts(void *index) {
  (void)index;
  pulse(BURST_SECONDS);
  return NULL;
}

/* Pins itself to another core after every second of work. */
static void *moving(void *index) {
  (void)index;
  cpu_set_t allowed, one;
  sched_getaffinity(0, sizeof allowed, &allowed);
  int core = -1;
  for (double done = 0; done < seconds; done += 1) {
    do core = (core + 1) % CPU_SETSIZE; while (!CPU_ISSET(core, &allowed));
    CPU_ZERO(&one);
    CPU_SET(core, &one);
    sched_setaffinity(0, sizeof one, &one);
    busy(seconds - done < 1 ? seconds - done : 1);
  }
  return NULL;
}

/* Threads that spin while they wait for each other, as MPI's ranks do; see mpi.c for real ones. */
static void *polling(void *index) {
  static atomic_long arrived;
  long rounds = (long)(seconds / ROUND_SECONDS + 0.5);
  for (long round = 1; round <= rounds; round++) {
    busy(*(int *)index == 0 ? ROUND_SECONDS : ROUND_SECONDS / 10);
    arrived++;
    while (arrived < round * threads) continue;
  }
  return NULL;
}

/* A simulation's output of a step: a small file of its own in progress/. */
static void note_progress(long step) {
  char file[64];
  snprintf(file, sizeof file, "progress/%ld", step);
  FILE *output = fopen(file, "w");
  if (output == NULL) return;
  fprintf(output, "%ld\n", step);
  fclose(output);
}

/* Passes over large arrays, and the CPU time they took; `passes_of_a_step` is 0 for no notes of progress. */
static double stream(long passes, long passes_of_a_step) {
  double *a = malloc(STREAM_LENGTH * sizeof *a);
  double *b = malloc(STREAM_LENGTH * sizeof *b);
  double *c = malloc(STREAM_LENGTH * sizeof *c);
  if (a == NULL || b == NULL || c == NULL) abort();
  for (long i = 0; i < STREAM_LENGTH; i++) a[i] = b[i] = c[i] = i;
  double start = seconds_of(CLOCK_THREAD_CPUTIME_ID);
  for (long pass = 0; pass < passes; pass++) {
    for (long i = 0; i < STREAM_LENGTH; i++) a[i] = b[i] + 3 * c[i];
    __asm__ volatile("" : : "r"(a) : "memory");
    if (passes_of_a_step > 0 && (pass + 1) % passes_of_a_step == 0) note_progress(pass / passes_of_a_step);
  }
  double took = seconds_of(CLOCK_THREAD_CPUTIME_ID) - start;
  free(a);
  free(b);
  free(c);
  return took;
}

static void *bandwidth(void *index) {
  long passes_of_a_step = (long)(PROGRESS_SECONDS * rate + 0.5);
  stream((long)(seconds * rate + 0.5), *(int *)index == 0 ? passes_of_a_step : 0);
  return NULL;
}

#define CALIBRATED_PASSES 40
static double passes_per_second[MOST_THREADS];

static void *stream_rate(void *index) {
  passes_per_second[*(int *)index] = CALIBRATED_PASSES / stream(CALIBRATED_PASSES, 0);
  return NULL;
}

static void on_threads(void *(*body)(void *), int count) {
  static pthread_t started[MOST_THREADS];
  static int indexes[MOST_THREADS];
  for (int i = 0; i < count; i++) {
    indexes[i] = i;
    if (pthread_create(&started[i], NULL, body, &indexes[i]) != 0) abort();
  }
  for (int i = 0; i < count; i++) pthread_join(started[i], NULL);
}

/* The fastest of some short looks: whatever else runs on the machine only makes it slower. */
static double units_per_second(void) {
  double best = 0;
  for (int look = 0; look < 10; look++) {
    double start = seconds_of(CLOCK_THREAD_CPUTIME_ID);
    sink += work(1, 3000);
    double now = 3000 / (seconds_of(CLOCK_THREAD_CPUTIME_ID) - start);
    if (now > best) best = now;
  }
  return best;
}

static double slowest(const double *rates, int count) {
  double least = rates[0];
  for (int i = 1; i < count; i++) least = rates[i] < least ? rates[i] : least;
  return least;
}

int main(int argc, char **argv) {
  begin_account();
  const char *shape = argc > 1 ? argv[1] : "";
  seconds = argc > 2 ? atof(argv[2]) : 0;
  rate = argc > 3 ? atof(argv[3]) : 0;
  threads = argc > 4 ? atoi(argv[4]) : 1;
  if (threads < 1 || threads > MOST_THREADS) threads = 1;

  if (strcmp(shape, "rate") == 0) return printf("%f\n", units_per_second()) < 0;
  if (strcmp(shape, "stream-rate") == 0) {
    on_threads(stream_rate, threads);
    return printf("%f\n", slowest(passes_per_second, threads)) < 0;
  }

  trace_account();
  if (strcmp(shape, "one-core") == 0) on_threads(one_core, 1);
  else if (strcmp(shape, "all-cores") == 0) on_threads(one_core, threads);
  else if (strcmp(shape, "alternating") == 0) on_threads(alternating, threads);
  else if (strcmp(shape, "bursts") == 0) on_threads(bursts, threads);
  else if (strcmp(shape, "moving") == 0) on_threads(moving, 1);
  else if (strcmp(shape, "polling") == 0) on_threads(polling, threads);
  else if (strcmp(shape, "bandwidth") == 0) on_threads(bandwidth, threads);
  else return fprintf(stderr, "unknown shape: %s\n", shape), 2;

  print_account();
  return 0;
}
