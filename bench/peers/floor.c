// The least that correcting a run can take: reads the given files and writes as many bytes as the results take, with
// as many threads as the others have. A thread takes one file after the other.
//   floor <threads> <sync 0|1> <bytes to write of each file> <output folder> <file>..
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// As large as a frame: larger writes ask the page cache for larger runs of free memory, and may wait for seconds for them.
enum { BLOCK = 1 << 18 };

static int sync_files;
static long long output_bytes;
static const char *folder;
static char **files;
static int count;
static atomic_int next;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static void copy(const char *path, int number, char *buffer) {
  char name[4096];
  snprintf(name, sizeof name, "%s/floor-%d", folder, number);
  int in = open(path, O_RDONLY), out = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (in < 0) fail(path);
  if (out < 0) fail(name);
  long long left = output_bytes;
  for (;;) {
    ssize_t bytes = read(in, buffer, BLOCK);
    if (bytes < 0) fail(path);
    long long due = bytes == 0 ? left : bytes;
    for (long long part; left > 0 && due > 0; left -= part, due -= part) {
      part = due < BLOCK ? due : BLOCK;
      if (part > left) part = left;
      if (write(out, buffer, part) != part) fail(name);
    }
    if (bytes == 0) break;
  }
  if (sync_files && fsync(out)) fail(name);
  close(in);
  if (close(out)) fail(name);
}

static void *work(void *unused) {
  char *buffer = aligned_alloc(4096, BLOCK);
  if (!buffer) fail("buffer");
  for (int i; (i = atomic_fetch_add(&next, 1)) < count;) copy(files[i], i, buffer);
  return unused;
}

int main(int argc, char **argv) {
  if (argc < 6) return 2;
  int threads = atoi(argv[1]);
  sync_files = atoi(argv[2]);
  output_bytes = atoll(argv[3]);
  folder = argv[4];
  files = argv + 5;
  count = argc - 5;
  pthread_t *all = calloc(threads, sizeof *all);
  for (int i = 0; i < threads; i++)
    if (pthread_create(&all[i], NULL, work, NULL)) fail("thread");
  for (int i = 0; i < threads; i++) pthread_join(all[i], NULL);
  return 0;
}
