#ifndef CJQGUARD_H
#define CJQGUARD_H

#include <jq.h>

/* Steps of a jq program, behind a net: libjq 1.6 has assertions that data can make fail, and ends the process with them.
 *
 * Here a failed assertion ends the step instead. What else would end the process without a word (no memory, an address that is
 * not there, which is how a full stack shows) still ends it, with 65 and the place of the record. `place` is a C text like
 * "logs/a.jsonl, record 3", needed while the call lasts. */

/* Of a new state, which is used on this thread only. */
void cjqguard_prepare(jq_state *state);

/* jq_start. 0: an assertion failed. */
int cjqguard_start(jq_state *state, jv input, const char *place);

/* jq_next, and the output as JSON text: a string, or what jq_next gave where it gave no output. 0: an assertion failed. */
int cjqguard_next(jq_state *state, jv *text, const char *place);

/* The assertion that failed last on this thread. */
const char *cjqguard_assertion(void);

#endif
