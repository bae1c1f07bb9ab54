/*
 * The heat equation of ../heat/heat.js in C: the same plate, the same time steps, the same files, bit for bit.
 * One node: cc, OpenMP threads. Many nodes: mpicc -DWITH_MPI, a band of rows for each rank, and threads in each.
 *
 *   heat [--size N] [--steps N] [--every N] [--out DIR] [--resume]
 *
 * --resume goes on from the last field in DIR. On SIGUSR1 or SIGTERM it writes the field that it has reached and exits
 * with 75: there is more to do. 0: all steps are done.
 */
#define _POSIX_C_SOURCE 200809L
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#ifdef WITH_MPI
#include <mpi.h>
#endif

/* Time step over h squared: explicit differences in two dimensions are stable up to 0.25. */
#define STEP_RATIO 0.2
/* So often the ranks agree whether one of them was told to stop. */
#define AGREE_EVERY 50
#define EXIT_MORE_TO_DO 75

static int size = 512, steps = 15000, every = 500, resume = 0;
static const char *out = "data";

/* This rank's rows of the field, from `from` up to but not `to`; its arrays have one more above and one below. */
static int rank = 0, ranks = 1, from, to;

static volatile sig_atomic_t told_to_stop = 0;

static void fail(const char *what, const char *detail) {
  fprintf(stderr, "heat: %s%s%s\n", what, detail ? ": " : "", detail ? detail : "");
#ifdef WITH_MPI
  MPI_Abort(MPI_COMM_WORLD, 1);
#endif
  exit(1);
}

/* ---- What the ranks do together. Without MPI there is one, and nothing to do. ---- */

static void begin_ranks(int *argc, char ***argv) {
#ifdef WITH_MPI
  int provided;
  MPI_Init_thread(argc, argv, MPI_THREAD_FUNNELED, &provided);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
#else
  (void)argc, (void)argv;
#endif
}

static void end_ranks(void) {
#ifdef WITH_MPI
  MPI_Finalize();
#endif
}

static double sum_of_ranks(double value) {
#ifdef WITH_MPI
  MPI_Allreduce(MPI_IN_PLACE, &value, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
#endif
  return value;
}

static int greatest_of_ranks(int value) {
#ifdef WITH_MPI
  MPI_Allreduce(MPI_IN_PLACE, &value, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
#endif
  return value;
}

static double *row_of(double *field, int row) { return field + (size_t)(row - (from - 1)) * size; }

/* Each rank needs the rows next to its own. */
static void exchange_edges(double *field) {
#ifdef WITH_MPI
  int above = rank > 0 ? rank - 1 : MPI_PROC_NULL, below = rank + 1 < ranks ? rank + 1 : MPI_PROC_NULL;
  MPI_Sendrecv(row_of(field, from), size, MPI_DOUBLE, above, 0, row_of(field, to), size, MPI_DOUBLE, below, 0,
               MPI_COMM_WORLD, MPI_STATUS_IGNORE);
  MPI_Sendrecv(row_of(field, to - 1), size, MPI_DOUBLE, below, 1, row_of(field, from - 1), size, MPI_DOUBLE, above, 1,
               MPI_COMM_WORLD, MPI_STATUS_IGNORE);
#else
  (void)field;
#endif
}

static int first_row_of(int of_rank) { return 1 + (int)((long)of_rank * (size - 2) / ranks); }

/* Rank 0 gets all rows between the walls, which never change. */
static void gather(double *field, double *whole) {
#ifdef WITH_MPI
  int *counts = malloc(ranks * sizeof *counts), *places = malloc(ranks * sizeof *places);
  for (int each = 0; each < ranks; each++) {
    counts[each] = (first_row_of(each + 1) - first_row_of(each)) * size;
    places[each] = first_row_of(each) * size;
  }
  MPI_Gatherv(row_of(field, from), (to - from) * size, MPI_DOUBLE, whole, counts, places, MPI_DOUBLE, 0, MPI_COMM_WORLD);
  free(counts), free(places);
#else
  memcpy(whole + (size_t)from * size, row_of(field, from), (size_t)(to - from) * size * sizeof *field);
#endif
}

/* ---- The plate: cold, with hot pieces on it, and a heater along a part of one wall. ---- */

static int in_ring(double x, double y, double cx, double cy, double inner, double outer) {
  return hypot(x - cx, y - cy) < outer && hypot(x - cx, y - cy) > inner;
}

static int in_bar(double x, double y, double left, double low, double right, double high) {
  return x > left && x < right && y > low && y < high;
}

static double temperature(double x, double y) {
  if (x == 0) return y > 0.3 && y < 0.7 ? 100 : 0;
  if (x == 1 || y == 0 || y == 1) return 0;
  if (in_ring(x, y, 0.68, 0.28, -1, 0.13) || in_ring(x, y, 0.42, 0.62, -1, 0.05)) return 100;
  if (in_ring(x, y, 0.2, 0.16, -1, 0.06)) return 90;
  if (in_ring(x, y, 0.42, 0.62, 0.15, 0.24)) return 85;
  if (in_bar(x, y, 0.74, 0.5, 0.8, 0.92)) return 70;
  return in_bar(x, y, 0.6, 0.68, 0.92, 0.74) ? 60 : 0;
}

static void fill(double *rows, int first, int count) {
  for (int row = 0; row < count; row++)
    for (int column = 0; column < size; column++)
      rows[(size_t)row * size + column] = temperature((double)column / (size - 1), (double)(first + row) / (size - 1));
}

/* ---- One time step. ---- */

static void advance(double *now, double *next) {
#pragma omp parallel for schedule(static)
  for (int row = from; row < to; row++) {
    const double *above = row_of(now, row - 1), *here = row_of(now, row), *below = row_of(now, row + 1);
    double *result = row_of(next, row);
    for (int i = 1; i < size - 1; i++)
      result[i] = here[i] + STEP_RATIO * (here[i - 1] + here[i + 1] + above[i] + below[i] - 4 * here[i]);
  }
}

/* Root mean square of the change over the time step: 0 when nothing changes any more. */
static double residual(double *now, double *next, double time_step) {
  double sum = 0;
#pragma omp parallel for schedule(static) reduction(+ : sum)
  for (int row = from; row < to; row++)
    for (int i = 1; i < size - 1; i++) {
      double change = row_of(next, row)[i] - row_of(now, row)[i];
      sum += change * change;
    }
  return sqrt(sum_of_ranks(sum)) / (size - 2) / time_step;
}

/* ---- Files: NumPy arrays, https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html ---- */

/* The header's length is a multiple of 64. */
static int make_header(char *header, int room) {
  char text[128];
  int length = snprintf(text, sizeof text, "{'descr': '<f8', 'fortran_order': False, 'shape': (%d, %d), }", size, size);
  int total = (10 + length + 1 + 63) / 64 * 64, described = total - 10;
  memcpy(header, "\x93NUMPY\x01\x00", 8);
  header[8] = (char)(described & 0xff), header[9] = (char)(described >> 8);
  snprintf(header + 10, room - 10, "%-*s\n", described - 1, text);
  return total;
}

/* Renamed into place when it is complete: nobody ever sees half a field. */
static void write_field(int step, const double *whole) {
  char file[4096], temporary[4096], header[256];
  snprintf(file, sizeof file, "%s/heat-%06d.npy", out, step);
  snprintf(temporary, sizeof temporary, "%s/.heat-%06d.npy.part", out, step);
  FILE *stream = fopen(temporary, "wb");
  if (!stream) fail(temporary, strerror(errno));
  int length = make_header(header, sizeof header);
  size_t values = (size_t)size * size;
  int is_written = fwrite(header, 1, length, stream) == (size_t)length && fwrite(whole, sizeof *whole, values, stream) == values;
  if (fclose(stream) != 0 || !is_written) fail(temporary, strerror(errno));
  if (rename(temporary, file) != 0) fail(file, strerror(errno));
}

/* The step of the last field in the folder; -1: there is none. */
static int last_step(void) {
  int last = -1, step, end;
  DIR *folder = opendir(out);
  for (struct dirent *entry; folder && (entry = readdir(folder));) {
    end = 0;
    if (sscanf(entry->d_name, "heat-%d.npy%n", &step, &end) == 1 && end > 0 && !entry->d_name[end] && step > last) last = step;
  }
  if (folder) closedir(folder);
  return last;
}

/* Each rank reads its own rows. */
static void read_field(int step, double *field) {
  char file[4096], expected[256], found[256];
  snprintf(file, sizeof file, "%s/heat-%06d.npy", out, step);
  FILE *stream = fopen(file, "rb");
  if (!stream) fail(file, strerror(errno));
  int length = make_header(expected, sizeof expected);
  if (fread(found, 1, length, stream) != (size_t)length || memcmp(found, expected, length) != 0)
    fail(file, "is not a field of this size");
  size_t values = (size_t)(to - from + 2) * size;
  if (fseek(stream, length + (long)(from - 1) * size * (long)sizeof *field, SEEK_SET) != 0 ||
      fread(field, sizeof *field, values, stream) != values)
    fail(file, "is too short");
  fclose(stream);
}

/* ---- The run. ---- */

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec + now.tv_nsec / 1e9;
}

static void stop(int signal) {
  (void)signal;
  told_to_stop = 1;
}

static int number(const char *name, const char *text, int least) {
  char *end;
  long value = text ? strtol(text, &end, 10) : 0;
  if (text && *text && !*end && value >= least && value <= 1000000000) return (int)value;
  fprintf(stderr, "heat: %s expects a whole number from %d up, got '%s'\n", name, least, text ? text : "");
  exit(2);
}

static void read_options(char **words) {
  for (; *words; words++) {
    const char *name = *words;
    if (!strcmp(name, "--resume")) {
      resume = 1;
      continue;
    }
    const char *value = words[1];
    if (!strcmp(name, "--size")) size = number(name, value, 3);
    else if (!strcmp(name, "--steps")) steps = number(name, value, 0);
    else if (!strcmp(name, "--every")) every = number(name, value, 1);
    else if (!strcmp(name, "--out") && value) out = value;
    else {
      fprintf(stderr, "usage: heat [--size N] [--steps N] [--every N] [--out DIR] [--resume]\n");
      exit(2);
    }
    words++;
  }
}

int main(int argc, char **argv) {
  begin_ranks(&argc, &argv);
  read_options(argv + 1);
  if (ranks > size - 2) fail("more ranks than rows", NULL);
  signal(SIGUSR1, stop), signal(SIGTERM, stop);
  from = first_row_of(rank), to = first_row_of(rank + 1);

  size_t values = (size_t)(to - from + 2) * size;
  double *now = malloc(values * sizeof *now), *next = malloc(values * sizeof *next), *whole = NULL;
  if (rank == 0) whole = malloc((size_t)size * size * sizeof *whole);
  if (!now || !next || (rank == 0 && !whole)) fail("not enough memory", NULL);
  fill(now, from - 1, to - from + 2);
  if (rank == 0) fill(whole, 0, size);
  if (rank == 0 && mkdir(out, 0777) != 0 && errno != EEXIST) fail(out, strerror(errno));

  double began = seconds(), spacing = 1.0 / (size - 1), time_step = STEP_RATIO * spacing * spacing;
  int step = greatest_of_ranks(rank == 0 && resume ? last_step() : -1), told = 0;
  if (step >= 0) read_field(step, now);
  memcpy(next, now, values * sizeof *now);
  if (rank == 0) printf("heat: %d x %d points, %d ranks, from step %d to %d\n", size, size, ranks, step < 0 ? 0 : step, steps);
  if (rank == 0 && step < 0) write_field(0, whole);
  if (step < 0) step = 0;

  while (step < steps && !told) {
    exchange_edges(now);
    advance(now, next);
    step++;
    if (step % AGREE_EVERY == 0) told = greatest_of_ranks(told_to_stop);
    int is_reported = told || step % every == 0 || step == steps;
    double change = is_reported ? residual(now, next, time_step) : 0;
    double *before = now;
    now = next, next = before;
    if (!is_reported) continue;
    gather(now, whole);
    if (rank > 0) continue;
    write_field(step, whole);
    printf("step %7d  time %.4e  residual %.3e  wall %.2f s\n", step, step * time_step, change, seconds() - began);
    fflush(stdout);
  }
  if (rank == 0) printf("heat: %s after step %d\n", step < steps ? "told to stop" : "done", step);
  end_ranks();
  return step < steps ? EXIT_MORE_TO_DO : 0;
}
