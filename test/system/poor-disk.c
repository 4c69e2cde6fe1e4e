/*
 * What exFAT disks, SMB shares, sshfs or object stores do not have: preloaded, this library refuses the system calls that
 * $POOR names, as such file systems do.
 *   link           hard links
 *   fsync-folder   fsync on folders
 *   rename-over    rename in place of a file
 *   record-locks   fcntl locks
 *   shared-memory  SQLite's shared memory beside its write-ahead log
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int lacks(const char *what) {
  const char *list = getenv("POOR");
  return list != NULL && strstr(list, what) != NULL;
}
static int folder(int fd) { struct stat s; return fstat(fd, &s) == 0 && S_ISDIR(s.st_mode); }

int link(const char *a, const char *b) {
  if (lacks("link")) { errno = EPERM; return -1; }
  return ((int (*)(const char *, const char *))dlsym(RTLD_NEXT, "link"))(a, b);
}
static int sync_as(const char *name, int fd) {
  if (lacks("fsync-folder") && folder(fd)) { errno = EINVAL; return -1; }
  return ((int (*)(int))dlsym(RTLD_NEXT, name))(fd);
}
int fsync(int fd) { return sync_as("fsync", fd); }
int fdatasync(int fd) { return sync_as("fdatasync", fd); }
int rename(const char *a, const char *b) {
  struct stat s;
  if (lacks("rename-over") && stat(b, &s) == 0 && S_ISREG(s.st_mode)) { errno = EPERM; return -1; }
  return ((int (*)(const char *, const char *))dlsym(RTLD_NEXT, "rename"))(a, b);
}
static int fcntl_as(const char *name, int fd, int cmd, void *arg) {
  if (lacks("record-locks") && (cmd == F_SETLK || cmd == F_SETLKW || cmd == F_GETLK)) { errno = ENOLCK; return -1; }
  return ((int (*)(int, int, void *))dlsym(RTLD_NEXT, name))(fd, cmd, arg);
}
int fcntl(int fd, int cmd, ...) { va_list l; va_start(l, cmd); void *a = va_arg(l, void *); va_end(l); return fcntl_as("fcntl", fd, cmd, a); }
int fcntl64(int fd, int cmd, ...) { va_list l; va_start(l, cmd); void *a = va_arg(l, void *); va_end(l); return fcntl_as("fcntl64", fd, cmd, a); }
static void *mmap_as(const char *name, void *at, size_t n, int prot, int flags, int fd, off_t o) {
  char path[64], to[4096]; ssize_t len;
  if (lacks("shared-memory") && fd >= 0 && (flags & MAP_SHARED)) {
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if ((len = readlink(path, to, sizeof to - 1)) > 0) { to[len] = 0; if (strstr(to, "-shm") != NULL) { errno = ENODEV; return MAP_FAILED; } }
  }
  return ((void *(*)(void *, size_t, int, int, int, off_t))dlsym(RTLD_NEXT, name))(at, n, prot, flags, fd, o);
}
void *mmap(void *at, size_t n, int prot, int flags, int fd, off_t o) { return mmap_as("mmap", at, n, prot, flags, fd, o); }
void *mmap64(void *at, size_t n, int prot, int flags, int fd, off_t o) { return mmap_as("mmap64", at, n, prot, flags, fd, o); }
