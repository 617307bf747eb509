/* The limit: how fast two threads can read the updates at all. Each adds up its half of the rows with 512-bit
 * instructions where the processor has them, four rows abreast (one stream of addresses does not fill the memory's
 * queue: a third of the speed) and from large pages. Reads a line per run, answers with the seconds.
 *
 * Usage: reader UPDATES DIMENSION FOLDER */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

enum { THREADS = 2, LANES = 64, ABREAST = 4, LARGE_PAGE = 2 << 20 };
typedef float lanes __attribute__((vector_size(4 * LANES), aligned(4)));

static size_t updates, dimension;
static float **rows;
static volatile float sinks[THREADS];

static void *read_half(void *argument) {
  size_t thread = (size_t)argument;
  size_t from = dimension / THREADS * thread / LANES * LANES;
  size_t to = thread + 1 == THREADS ? dimension : dimension / THREADS * (thread + 1) / LANES * LANES;
  lanes sum = {0};
  size_t k = 0;
  for (; k + ABREAST <= updates; k += ABREAST)
    for (size_t j = from; j + LANES <= to; j += LANES)
      for (size_t row = k; row < k + ABREAST; row++) sum += *(const lanes *)(rows[row] + j);
  for (; k < updates; k++)
    for (size_t j = from; j + LANES <= to; j += LANES) sum += *(const lanes *)(rows[k] + j);
  float total = 0;
  for (size_t lane = 0; lane < LANES; lane++) total += sum[lane];
  sinks[thread] = total;
  return NULL;
}

int main(int count, char **arguments) {
  if (count != 4) return 2;
  updates = strtoul(arguments[1], NULL, 10);
  dimension = strtoul(arguments[2], NULL, 10);
  rows = malloc(updates * sizeof *rows);
  for (size_t k = 0; k < updates; k++) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%zu", arguments[3], k);
    FILE *file = fopen(path, "rb");
    size_t bytes = (dimension * sizeof(float) + LARGE_PAGE - 1) / LARGE_PAGE * LARGE_PAGE;
    rows[k] = aligned_alloc(LARGE_PAGE, bytes);
    if (rows[k]) madvise(rows[k], bytes, MADV_HUGEPAGE); /* advice only: small pages are slower, not wrong */
    if (!file || !rows[k] || fread(rows[k], sizeof(float), dimension, file) != dimension) return 1;
    fclose(file);
  }
  printf("{\"version\": \"%s\"}\n", __VERSION__);
  fflush(stdout);
  while (getchar() != EOF) {
    struct timespec start, end;
    pthread_t threads[THREADS];
    clock_gettime(CLOCK_MONOTONIC, &start);
    for (size_t t = 0; t < THREADS; t++) pthread_create(&threads[t], NULL, read_half, (void *)t);
    for (size_t t = 0; t < THREADS; t++) pthread_join(threads[t], NULL);
    clock_gettime(CLOCK_MONOTONIC, &end);
    printf("{\"seconds\": %.9f}\n", (double)(end.tv_sec - start.tv_sec) + 1e-9 * (double)(end.tv_nsec - start.tv_nsec));
    fflush(stdout);
  }
  return 0;
}
