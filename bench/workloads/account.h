/*
 * What an application tells of itself when it ends, as one line of JSON: when it started (monotonic clock, the same for
 * all processes), its wall time, its CPU time, and how its CPU time grew: pairs of wall and CPU seconds since its start.
 */
#include "work.h"
#include <pthread.h>
#include <stdio.h>

/* Rarely enough to disturb nothing: some 10 µs of CPU time a second. */
#define TRACE_SECONDS 0.1
/* An hour and a half. */
#define MOST_POINTS 54000

static double started_at;
static double trace_wall[MOST_POINTS], trace_cpu[MOST_POINTS];
static volatile int points;

static void begin_account(void) { started_at = seconds_of(CLOCK_MONOTONIC); }

static void *trace_points(void *unused) {
  (void)unused;
  for (int point = 0; point < MOST_POINTS; point++) {
    trace_wall[point] = seconds_of(CLOCK_MONOTONIC) - started_at;
    trace_cpu[point] = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
    points = point + 1;
    rest(TRACE_SECONDS);
  }
  return NULL;
}

/* Begins to follow the CPU time. */
static void trace_account(void) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, trace_points, NULL) == 0) pthread_detach(thread);
}

static void print_account(void) {
  double wall = seconds_of(CLOCK_MONOTONIC) - started_at;
  double cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
  int count = points;
  printf("{\"startedSeconds\":%.6f,\"wallSeconds\":%.6f,\"cpuSeconds\":%.6f,\"trace\":[", started_at, wall, cpu);
  for (int point = 0; point < count; point++) {
    printf("%s[%.4f,%.4f]", point == 0 ? "" : ",", trace_wall[point], trace_cpu[point]);
  }
  printf("]}\n");
}
