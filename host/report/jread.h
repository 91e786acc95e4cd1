/* JSON read front to back, without a tree: objects whose members come in a known order. For report_decode.c. One error ends
 * it: everything after it reads as nothing, and the caller looks at err once. */
#ifndef REPORT_JREAD_H
#define REPORT_JREAD_H

#include "base/err.h"
#include "base/rd.h"
#include <stdbool.h>

struct jread {
	struct rd in;
	bool is_tight;              /* no white space between tokens */
	enum err err;               /* OK, ERR_REPORT_JSON, ERR_REPORT_FIELD, ERR_REPORT_VERSION */
	char field[32];             /* being read, or to blame */
};

/* An object being read. */
struct jobject {
	const char *const *names;   /* all its members in their order, NULL at the end */
	size_t at;                  /* members before this one have gone by */
	bool has_key, is_first;
	char key[32];               /* the next member's name, already read with its colon */
};

void jread_object(struct jread *j, struct jobject *o, const char *const *names);
/* Is this member the next one? Then its value is to be read now. Calls come in the order of names; members that were not asked for
 * before are skipped over as absent. One that is needed and absent is ERR_REPORT_FIELD. */
bool jread_member(struct jread *j, struct jobject *o, const char *name, bool is_needed);
/* The object's end. */
void jread_object_end(struct jread *j, struct jobject *o);
void jread_array(struct jread *j);
/* Is there another entry? n: how many there were; takes the comma, or the array's end. */
bool jread_entry(struct jread *j, size_t n);
/* What stands between the quotes, escapes (\" and \\ alone) and all. UTF-8, no control characters. */
struct rd jread_raw(struct jread *j);
/* The same as text of min..cap-1 bytes. is_right (may be NULL) says of each byte whether it may stand there. */
void jread_text(struct jread *j, char *out, size_t min, size_t cap, bool (*is_right)(unsigned char c));
/* One of names; its index. */
unsigned jread_choice(struct jread *j, const char *const *names, size_t n);
uint64_t jread_number(struct jread *j, uint64_t min, uint64_t max);
bool jread_bool(struct jread *j);
/* Nothing may follow but white space. */
void jread_end(struct jread *j);
/* The field being read is wrong. */
void jread_wrong(struct jread *j);
void jread_wrong_field(struct jread *j, const char *field);

#endif
