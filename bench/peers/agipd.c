// The default chain of AGIPD-1M in C, as a peer of detcal's kernel. Reads commands on stdin, answers in JSON:
//   load <cells> <trains> <tile> <pixels> <file>   constants and frames, one behind the other, into memory of its own
//   plain|blocked|streaming <passes>               corrects everything, and says how long that took
//   dump <file>                                    writes data, gain and mask
#define _GNU_SOURCE
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#ifdef __SSE2__
#include <immintrin.h>
#endif

enum { PLANES = 8, STRIP = 8192 };
// Pixels of a vector: what the machine's registers hold.
#ifdef __AVX2__
enum { GROUP = 8 };
#else
enum { GROUP = 4 };
#endif
enum { O0, M0, T0, T1, O1, M1, O2, M2 };
static const float LIMIT = 1000;

static size_t cells, trains, tile, pixels, frames;
static uint32_t *constants;
static uint16_t *raw;
static float *data;
static uint8_t *gain;
static uint32_t *mask;

static void *buffer(size_t bytes) {
  void *p = aligned_alloc(4096, (bytes + 4095) / 4096 * 4096);
  if (!p) exit(1);
  memset(p, 1, bytes);
  return p;
}

static inline void pixel(size_t p, const uint16_t *s, const uint32_t *c, float *d, uint8_t *g, uint32_t *m) {
  const float *f = (const float *)c;
  float signal = s[p], r = s[pixels + p];
  float value = signal - f[O0 * pixels + p];
  uint32_t bits = c[M0 * pixels + p];
  int stage = 0;
  if (r > f[T0 * pixels + p] || r > f[T1 * pixels + p]) {
    float medium = signal - f[O1 * pixels + p];
    stage = r > f[T1 * pixels + p] ? 2 : 1;
    if (stage == 2 && medium < LIMIT) stage = 1;
    if (value < LIMIT) stage = 0;
    if (stage == 1) {
      value = medium < 0 ? 0 : medium;
      bits = c[M1 * pixels + p];
    } else if (stage == 2) {
      value = signal - f[O2 * pixels + p];
      bits = c[M2 * pixels + p];
    }
  }
  if (!(fabsf(value) <= 1e7f)) bits |= isfinite(value) ? 1 << 12 : isnan(value) ? 1 << 11 : 3 << 11;
  if (isnan(value)) value = NAN;
  d[p] = value;
  g[p] = stage;
  m[p] = bits;
}

// One frame after the other, one pixel after the other.
static void plain(void) {
  for (size_t f = 0; f < frames; f++)
    for (size_t p = 0; p < pixels; p++)
      pixel(p, raw + f * 2 * pixels, constants + f / trains * PLANES * pixels, data + f * pixels, gain + f * pixels,
            mask + f * pixels);
}

// The way of detcal's kernel: strips whose constants stay in cache while the frames of a tile pass, groups of pixels
// that all stayed in high gain on a short way, no branch within a group. Vectors as GCC and Clang know them.
typedef float floats __attribute__((vector_size(4 * GROUP)));
typedef int32_t words __attribute__((vector_size(4 * GROUP)));
typedef uint16_t halves __attribute__((vector_size(2 * GROUP)));
typedef uint8_t bytes __attribute__((vector_size(GROUP)));

#define GET(type, p) ({ type v_; memcpy(&v_, p, sizeof v_); v_; })
#define PUT(p, v) memcpy(p, &(v), sizeof(v))
#define PLANE(type, plane) GET(type, c + (plane) * pixels + p)
#define SELECT(m, a, b) ((((words)(a)) & (m)) | (((words)(b)) & ~(m)))
#define SIZE(v) ((floats)((words)(v) & 0x7fffffff))

static inline floats counts(const uint16_t *p) {
  return __builtin_convertvector(__builtin_convertvector(GET(halves, p), words), floats);
}

static inline int all(words m) {
  uint64_t part[GROUP / 2], both = ~0ull;
  memcpy(part, &m, sizeof part);
  for (int i = 0; i < GROUP / 2; i++) both &= part[i];
  return both == ~0ull;
}

static inline void group(size_t p, const uint16_t *raws, const uint32_t *c, float *d, uint8_t *g, uint32_t *m, int stream) {
  floats s = counts(raws + p), r = counts(raws + pixels + p);
  floats value = s - PLANE(floats, O0);
  words bits = PLANE(words, M0);
  bytes stage = {0};
  if (!all((r <= PLANE(floats, T0)) & (SIZE(value) <= 1e7f))) {
    floats medium = s - PLANE(floats, O1);
    words low = r > PLANE(floats, T1);
    words switched = (low | (r > PLANE(floats, T0))) & ~(value < LIMIT);
    low &= switched & ~(medium < LIMIT);
    medium = (floats)((words)medium & ~(medium < 0));
    value = (floats)SELECT(switched, medium, value);
    value = (floats)SELECT(low, s - PLANE(floats, O2), value);
    bits = SELECT(switched, PLANE(words, M1), bits);
    bits = SELECT(low, PLANE(words, M2), bits);
    bits |= (~(SIZE(value) < INFINITY) & (1 << 11)) | ((SIZE(value) > 1e7f) & (1 << 12));
    value = (floats)SELECT(value == value, value, (words){} + 0x7fc00000);
    stage = __builtin_convertvector(-(switched + low), bytes);
  }
#ifdef __SSE2__
  if (stream) {
    for (int k = 0; k < GROUP; k += 4) {
      _mm_stream_ps(d + p + k, _mm_loadu_ps((const float *)&value + k));
      _mm_stream_si128((__m128i *)(m + p + k), _mm_loadu_si128((const __m128i *)&bits + k / 4));
    }
    for (int k = 0; k < GROUP; k += 4) _mm_stream_si32((int *)(g + p + k), GET(int, (const char *)&stage + k));
    return;
  }
#endif
  PUT(d + p, value);
  PUT(g + p, stage);
  PUT(m + p, bits);
}

static inline void strips(int stream) {
  for (size_t cell = 0; cell < cells; cell++)
    for (size_t first = cell * trains; first < (cell + 1) * trains; first += tile) {
      size_t last = first + tile < (cell + 1) * trains ? first + tile : (cell + 1) * trains;
      for (size_t from = 0; from < pixels; from += STRIP)
        for (size_t f = first; f < last; f++)
          for (size_t p = from; p < from + STRIP && p + GROUP <= pixels; p += GROUP)
            group(p, raw + f * 2 * pixels, constants + cell * PLANES * pixels, data + f * pixels, gain + f * pixels,
                  mask + f * pixels, stream);
    }
}

static void blocked(void) { strips(0); }
static void streaming(void) { strips(1); }

static double now(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return t.tv_sec * 1e9 + t.tv_nsec;
}

static void measure(void (*kernel)(void), int passes) {
  double cpu = now(CLOCK_PROCESS_CPUTIME_ID), start = now(CLOCK_MONOTONIC);
  for (int i = 0; i < passes; i++) kernel();
  double ns = now(CLOCK_MONOTONIC) - start;
  printf("{\"ns\": %.0f, \"cpuNs\": %.0f}\n", ns, now(CLOCK_PROCESS_CPUTIME_ID) - cpu);
}

static void get(void *p, size_t bytes, FILE *file) {
  if (fread(p, 1, bytes, file) != bytes) exit(1);
}

static void load(const char *path) {
  frames = cells * trains;
  if (!constants) {
    constants = buffer(cells * PLANES * pixels * 4);
    raw = buffer(frames * pixels * 4);
    data = buffer(frames * pixels * 4);
    gain = buffer(frames * pixels);
    mask = buffer(frames * pixels * 4);
  }
  FILE *file = fopen(path, "rb");
  if (!file) exit(1);
  get(constants, cells * PLANES * pixels * 4, file);
  get(raw, frames * pixels * 4, file);
  fclose(file);
  puts("{}");
}

static void dump(const char *path) {
  FILE *file = fopen(path, "wb");
  if (!file) exit(1);
  fwrite(data, 4, frames * pixels, file);
  fwrite(gain, 1, frames * pixels, file);
  fwrite(mask, 4, frames * pixels, file);
  if (fclose(file)) exit(1);
  puts("{}");
}

int main(void) {
  char line[4400], path[4096];
  int passes;
  setvbuf(stdout, NULL, _IOLBF, 0);
  while (fgets(line, sizeof line, stdin)) {
    if (sscanf(line, "load %zu %zu %zu %zu %4095[^\n]", &cells, &trains, &tile, &pixels, path) == 5) load(path);
    else if (sscanf(line, "dump %4095[^\n]", path) == 1) dump(path);
    else if (sscanf(line, "plain %d", &passes) == 1) measure(plain, passes);
    else if (sscanf(line, "blocked %d", &passes) == 1) measure(blocked, passes);
    else if (sscanf(line, "streaming %d", &passes) == 1) measure(streaming, passes);
    else return 2;
  }
  return 0;
}
