/* `secondexit-collector keygen`: a key pair, or a new one beside the old (contract in collector/verbs.h). */
#include "collector/keys.h"
#include "collector/verbs.h"
#include <sodium.h>
#include <stdio.h>

int verb_keygen(const struct options *o, int argc, char **argv)
{
	uint8_t pub[REPORT_KEY_LEN], id[REPORT_KEY_ID_LEN];
	char hex[2 * REPORT_KEY_LEN + 1], id_hex[2 * REPORT_KEY_ID_LEN + 1];

	if (argc > 1)
		return verb_usage("unexpected argument", argv[1]);
	enum err err = keys_make(o->key_file, o->is_rotation, pub);
	if (err != OK)
		return verb_failed("keygen", o->key_file, err);
	report_key_id(pub, id);
	sodium_bin2hex(hex, sizeof hex, pub, sizeof pub);
	sodium_bin2hex(id_hex, sizeof id_hex, id, sizeof id);
	if (o->is_json)
		printf("{\"public_key\":\"%s\",\"key_id\":\"%s\"}\n", hex, id_hex);
	else
		printf("public key: %s\nkey id:     %s\n", hex, id_hex);
	if (!o->is_json)
		puts(o->is_rotation ? "The key that was first opens reports still; the daemon takes both at SIGHUP."
		                    : "Publish the public key beside the onion address: senders pin both.");
	return 0;
}
