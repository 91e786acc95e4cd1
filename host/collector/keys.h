/* The collector's key pairs and the file they are kept in. The first is the one that senders pin, the second the one it took the
 * place of. Secrets stand in guarded memory. Used by collector_main (load), verb_keygen (make). */
#ifndef COLLECTOR_KEYS_H
#define COLLECTOR_KEYS_H

#include "base/limits_collector.h"
#include "report/envelope.h"

struct keys {
	size_t n;
	uint8_t pub[KEYS_MAX][REPORT_KEY_LEN];
	uint8_t *sec[KEYS_MAX];        /* sodium_malloc */
};

/* Reads a key file. It must be a regular file of ours that nobody else may read, in a folder where nobody else may replace it.
 * Errors: ERR_KEY_FILE (not there, no key file, a public key that isn't the secret one's), ERR_KEY_UNSAFE, ERR_NOMEM. */
MUST_USE enum err keys_load(const char *path, struct keys *out);
void keys_free(struct keys *k);
/* Makes a pair and writes the file, durably, mode 0600. Not is_rotation: ERR_KEY_EXISTS when it is there. is_rotation: the new pair first, then
 * the one that was first; what was second is gone. pub gets the new public key. Errors: those of keys_load, ERR_IO. */
MUST_USE enum err keys_make(const char *path, bool is_rotation, uint8_t pub[static REPORT_KEY_LEN]);

/* A small secret file of ours: the rules above. out gets its text. Also for the onion service's key. */
MUST_USE enum err secret_read(const char *path, struct buf *out);
/* Writes one beside it and renames; is_new: only if it isn't there (ERR_KEY_EXISTS). ERR_IO. */
MUST_USE enum err secret_write(const char *path, bool is_new, const struct buf *text);

#endif
