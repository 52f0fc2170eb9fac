#include <sys/syscall.h>
#include <unistd.h>

/* Lets the kernel write a file's dirty pages to the disk, and does not wait. Swift sees neither the GNU function nor variadic ones. */
static inline void cwriteback_begin(int descriptor) {
#if defined(SYS_sync_file_range)
  const unsigned int write_flag = 2; /* SYNC_FILE_RANGE_WRITE */
  (void)syscall(SYS_sync_file_range, descriptor, 0L, 0L, write_flag);
#else
  (void)descriptor;
#endif
}
