/* Reads memory like measureDevice: one buffer per thread, common windows of 20 ms, and the best window counts.
 * Usage: read-loop BYTES_PER_THREAD THREADS WINDOWS. Prints bytes per second. */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CHUNK = 256 * 1024, WINDOW = 20000000, MOST_WINDOWS = 1000, MOST_THREADS = 64 };

static size_t bytes;
static int threads, windows;
static int64_t start;
static pthread_barrier_t ready, go;
static double rates[MOST_THREADS][MOST_WINDOWS];

static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static void *run(void *argument) {
  int own = (int)(intptr_t)argument;
  uint64_t *buffer = aligned_alloc(4096, bytes);
  if (buffer == NULL) exit(1);
  memset(buffer, 0x31, bytes);
  pthread_barrier_wait(&ready);
  pthread_barrier_wait(&go);
  while (now() < start)
    ;
  int64_t before = start;
  size_t next = 0;
  for (int window = 0; window < windows; window++) {
    int64_t end = start + (int64_t)(window + 1) * WINDOW, time;
    double calls = 0;
    do {
      uint64_t sum = 0;
      for (size_t word = 0; word < CHUNK / 8; word++) sum += buffer[next + word];
      __asm__ volatile("" : : "r"(sum) : "memory");
      next = next + CHUNK / 8 == bytes / 8 ? 0 : next + CHUNK / 8;
      calls++;
      time = now();
    } while (time < end);
    int64_t taken = time - before > WINDOW ? time - before : WINDOW;
    rates[own][window] = calls * CHUNK / (taken / 1e9);
    before = time;
  }
  return NULL;
}

int main(int count, char **arguments) {
  if (count != 4) return 2;
  bytes = strtoul(arguments[1], NULL, 10) / CHUNK * CHUNK;
  threads = atoi(arguments[2]);
  windows = atoi(arguments[3]);
  if (bytes == 0 || threads < 1 || threads > MOST_THREADS || windows < 1 || windows > MOST_WINDOWS) return 2;
  pthread_t ids[MOST_THREADS];
  pthread_barrier_init(&ready, NULL, threads + 1);
  pthread_barrier_init(&go, NULL, threads + 1);
  for (int thread = 0; thread < threads; thread++) pthread_create(&ids[thread], NULL, run, (void *)(intptr_t)thread);
  pthread_barrier_wait(&ready);
  start = now() + 5000000;
  pthread_barrier_wait(&go);
  for (int thread = 0; thread < threads; thread++) pthread_join(ids[thread], NULL);
  double best = 0;
  for (int window = 0; window < windows; window++) {
    double sum = 0;
    for (int thread = 0; thread < threads; thread++) sum += rates[thread][window];
    if (sum > best) best = sum;
  }
  printf("%.0f\n", best);
  return 0;
}
