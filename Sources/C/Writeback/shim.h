#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

/* Swift sees neither these GNU functions nor variadic ones. */

/* Lets the kernel write a file's dirty pages to the disk, and does not wait. */
static inline void cwriteback_begin(int descriptor) {
#if defined(SYS_sync_file_range)
  const unsigned int write_flag = 2; /* SYNC_FILE_RANGE_WRITE */
  (void)syscall(SYS_sync_file_range, descriptor, 0L, 0L, write_flag);
#else
  (void)descriptor;
#endif
}

/* Writes of the descriptor go from the caller's memory to the disk, or through the page cache again; -1: the file system has no
   such way, errno says why. */
static inline int cwriteback_set_direct(int descriptor, int is_direct) {
#if defined(__O_DIRECT)
  int flags = fcntl(descriptor, F_GETFL);
  if (flags < 0) return -1;
  return fcntl(descriptor, F_SETFL, is_direct ? flags | __O_DIRECT : flags & ~__O_DIRECT);
#else
  (void)descriptor;
  (void)is_direct;
  errno = EINVAL;
  return -1;
#endif
}

/* Returns when all of the descriptor's file system is on the disk; -1: not, errno says why. */
static inline int cwriteback_all(int descriptor) { return (int)syscall(SYS_syncfs, descriptor); }

/* Does cwriteback_all do all that an fsync of each file does? The kernel tells of failed writes since Linux 5.8, and the file system
   must be the kernel's own: behind FUSE or a network only fsync asks the other side to write. */
static inline int cwriteback_all_is_enough(int descriptor) {
  static const unsigned int local[] = {
      0xEF53,     /* ext4 */
      0x58465342, /* XFS */
      0x9123683E, /* Btrfs */
      0xF2F52010, /* F2FS */
      0x01021994, /* tmpfs */
  };
  struct utsname names;
  int major = 0, minor = 0;
  if (uname(&names) != 0 || sscanf(names.release, "%d.%d", &major, &minor) != 2) return 0;
  if (major < 5 || (major == 5 && minor < 8)) return 0;
  struct statfs status;
  if (fstatfs(descriptor, &status) != 0) return 0;
  for (unsigned int index = 0; index < sizeof local / sizeof local[0]; index++) {
    if ((unsigned int)status.f_type == local[index]) return 1;
  }
  return 0;
}
