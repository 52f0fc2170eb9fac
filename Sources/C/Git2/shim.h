#include <git2.h>

/* The library's own call takes a variable number of arguments, which Swift can't pass. */
static inline int distill_git_set_owner_validation(int enabled) {
  return git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, enabled);
}

/* "" finds nothing. */
static inline int distill_git_set_search_path(int level, const char *path) {
  return git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, level, path);
}
