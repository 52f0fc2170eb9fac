#define _GNU_SOURCE
#include "CJQGuard.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The step that the thread is in; NULL: none. */
static _Thread_local const char *step_place;
static _Thread_local jmp_buf *step_end;
static _Thread_local char assertion_text[256];

static void say(const char *text) {
  if (write(STDERR_FILENO, text, strlen(text)) < 0) return;
}

/* Called where nothing may be allocated, also in a signal handler. */
static _Noreturn void stop(const char *what) {
  say("distill-make: ");
  say(step_place);
  say(": ");
  say(what);
  say("\n  leave the record out with select(…), or change what the program does with it\n");
  _exit(65);
}

/* Takes the place of the C library's, for libjq too, because the executable's symbols come first. libjq takes off its stack what
 * it works on before it calls what may fail, so the stack is sound, and the next jq_start clears it. What the step held in
 * local variables is lost. */
_Noreturn void __assert_fail(const char *assertion, const char *file, unsigned int line, const char *function) {
  if (step_end) {
    snprintf(assertion_text, sizeof assertion_text, "%s: %s", function, assertion);
    longjmp(*step_end, 1);
  }
  fprintf(stderr, "%s: %s:%u: %s: Assertion `%s' failed.\n", program_invocation_short_name, file, line, function, assertion);
  abort();
}

static void memory_ended(void *unused) {
  (void)unused;
  if (step_place) stop("the jq program needs more memory for this record than there is");
}

static const int fatal_signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGABRT};
enum { fatal_count = sizeof fatal_signals / sizeof *fatal_signals };
static struct sigaction actions_before[fatal_count];

static void on_fatal_signal(int number) {
  if (step_place) stop("libjq 1.6 breaks down over the jq program and this record");
  /* Not ours: the instruction is run again, or abort goes on, and ends as it would have. */
  for (int i = 0; i < fatal_count; i++)
    if (fatal_signals[i] == number) sigaction(number, &actions_before[i], NULL);
}

static void catch_fatal_signals(void) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = on_fatal_signal;
  action.sa_flags = SA_ONSTACK;
  for (int i = 0; i < fatal_count; i++) sigaction(fatal_signals[i], &action, &actions_before[i]);
}

void cjqguard_prepare(jq_state *state) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  static _Thread_local int is_prepared;
  /* The handler must run where the thread's own stack is full. */
  static _Thread_local char handler_stack[32 << 10];
  jq_set_nomem_handler(state, memory_ended, NULL);
  if (is_prepared) return;
  is_prepared = 1;
  stack_t stack = {.ss_sp = handler_stack, .ss_size = sizeof handler_stack};
  sigaltstack(&stack, NULL);
  pthread_once(&once, catch_fatal_signals);
}

static int leave(int is_done) {
  step_end = NULL;
  step_place = NULL;
  return is_done;
}

int cjqguard_start(jq_state *state, jv input, const char *place) {
  jmp_buf end;
  if (setjmp(end)) return leave(0);
  step_end = &end;
  step_place = place;
  jq_start(state, input, 0);
  return leave(1);
}

int cjqguard_next(jq_state *state, jv *text, const char *place) {
  jmp_buf end;
  if (setjmp(end)) return leave(0);
  step_end = &end;
  step_place = place;
  jv output = jq_next(state);
  *text = jv_is_valid(output) ? jv_dump_string(output, 0) : output;
  return leave(1);
}

const char *cjqguard_assertion(void) { return assertion_text; }
