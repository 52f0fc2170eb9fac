/* The floor under a build: reads and hashes (SHA-256, OpenSSL) each file of a list, writes and hashes as many bytes as
 * the build writes, on every core, and does nothing else.
 *
 *     floor LIST PREFIX BYTES...      writes PREFIX0, PREFIX1, ... of so many bytes each
 *     floor --sync LIST PREFIX ...    and waits until each is on the disk
 *
 * LIST holds a path a line. Files are taken largest first, one to a thread at a time. What is written are bytes that
 * were read: the first of the largest file, over and over. Prints the bytes read and written. */

#include <fcntl.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE = 1 << 20 };

struct item {
  char *path;
  long long bytes;
  int written;
};

static struct item *items;
static size_t count, capacity, next_item;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned char sample[PIECE];
static size_t sample_bytes;
static int sync_files;

static void stop(const char *what) {
  perror(what);
  exit(74);
}

static void add(char *path, long long bytes, int written) {
  if (count == capacity) {
    capacity = capacity ? 2 * capacity : 1024;
    items = realloc(items, capacity * sizeof *items);
    if (!items) stop("memory");
  }
  items[count++] = (struct item){path, bytes, written};
}

static int larger(const void *left, const void *right) {
  long long a = ((const struct item *)left)->bytes, b = ((const struct item *)right)->bytes;
  return (a < b) - (a > b);
}

static void read_and_hash(const struct item *item, EVP_MD_CTX *hash, unsigned char *piece) {
  int file = open(item->path, O_RDONLY);
  if (file < 0) stop(item->path);
  ssize_t got;
  while ((got = read(file, piece, PIECE)) > 0) EVP_DigestUpdate(hash, piece, (size_t)got);
  if (got < 0) stop(item->path);
  close(file);
}

static void hash_and_write(const struct item *item, EVP_MD_CTX *hash) {
  int file = open(item->path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
  if (file < 0) stop(item->path);
  for (long long left = item->bytes; left > 0;) {
    size_t want = left < (long long)sample_bytes ? (size_t)left : sample_bytes;
    EVP_DigestUpdate(hash, sample, want);
    for (size_t done = 0; done < want;) {
      ssize_t put = write(file, sample + done, want - done);
      if (put < 0) stop(item->path);
      done += (size_t)put;
    }
    left -= (long long)want;
  }
  if (sync_files && fsync(file) != 0) stop(item->path);
  if (close(file) != 0) stop(item->path);
}

static void *work(void *unused) {
  (void)unused;
  EVP_MD_CTX *hash = EVP_MD_CTX_new();
  unsigned char *piece = malloc(PIECE), digest[EVP_MAX_MD_SIZE];
  if (!hash || !piece) stop("memory");
  for (;;) {
    pthread_mutex_lock(&lock);
    const struct item *item = next_item < count ? &items[next_item++] : NULL;
    pthread_mutex_unlock(&lock);
    if (!item) break;
    EVP_DigestInit_ex(hash, EVP_sha256(), NULL);
    if (item->written) hash_and_write(item, hash);
    else read_and_hash(item, hash, piece);
    EVP_DigestFinal_ex(hash, digest, NULL);
  }
  free(piece);
  EVP_MD_CTX_free(hash);
  return NULL;
}

int main(int argc, char **argv) {
  if (argc > 1 && strcmp(argv[1], "--sync") == 0) {
    sync_files = 1;
    argv++, argc--;
  }
  if (argc < 4) {
    fprintf(stderr, "usage: floor [--sync] LIST PREFIX BYTES...\n");
    return 64;
  }
  FILE *list = fopen(argv[1], "r");
  if (!list) stop(argv[1]);
  long long bytes_read = 0, bytes_written = 0;
  char *line = NULL;
  size_t room = 0;
  ssize_t length;
  while ((length = getline(&line, &room, list)) > 0) {
    if (line[length - 1] == '\n') line[length - 1] = 0;
    struct stat status;
    if (stat(line, &status) != 0) stop(line);
    add(strdup(line), (long long)status.st_size, 0);
    bytes_read += (long long)status.st_size;
  }
  fclose(list);
  if (count == 0) {
    fprintf(stderr, "floor: %s names no file\n", argv[1]);
    return 64;
  }
  qsort(items, count, sizeof *items, larger);
  int first = open(items[0].path, O_RDONLY);
  if (first < 0) stop(items[0].path);
  ssize_t got = read(first, sample, PIECE);
  if (got <= 0) stop(items[0].path);
  sample_bytes = (size_t)got;
  close(first);
  for (int i = 3; i < argc; i++) {
    char *path = malloc(strlen(argv[2]) + 16);
    if (!path) stop("memory");
    sprintf(path, "%s%d", argv[2], i - 3);
    add(path, atoll(argv[i]), 1);
    bytes_written += atoll(argv[i]);
  }
  qsort(items, count, sizeof *items, larger);

  long cores = sysconf(_SC_NPROCESSORS_ONLN);
  if (cores < 1 || cores > 256) cores = 1;
  pthread_t threads[256];
  for (long i = 0; i < cores; i++)
    if (pthread_create(&threads[i], NULL, work, NULL) != 0) stop("thread");
  for (long i = 0; i < cores; i++) pthread_join(threads[i], NULL);
  printf("{\"read\": %lld, \"written\": %lld, \"threads\": %ld}\n", bytes_read, bytes_written, cores);
  return 0;
}
