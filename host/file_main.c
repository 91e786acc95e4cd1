/* secondexit-file: the process that reads one downloaded file. It is started by secondexit over a socketpair (priv/role.h), gets
 * a question and a descriptor, answers, and is ended. It talks to nobody else and opens nothing. */
#include "base/log.h"
#include "parse/file/filed.h"
#include "parse/file/jail.h"
#include <event2/event.h>
#include <locale.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>

int main(void)
{
	/* Whether to log is asked first. */
	log_line("file role begins");
	/* Members' names are UTF-8 or are taken for it, whatever the user's language; no configuration of OpenSSL's is read. */
	if (clearenv() != 0 || setlocale(LC_CTYPE, "C.UTF-8") == NULL)
		log_line("no UTF-8: names of members may be told wrongly");
	OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_LOAD_CRYPTO_STRINGS, NULL);
	EVP_MD_free(EVP_MD_fetch(NULL, "SHA256", NULL));
	struct event_base *base = event_base_new();
	struct filed *d = base != NULL ? filed_new() : NULL;
	struct inner *inner = d != NULL ? inner_new(base, &filed_inner_ops, d) : NULL;
	if (inner == NULL)
		return 2;
	if (!jail_enter()) {
		log_line("the system-call filter is refused");
		return 2;
	}
	filed_attach(d, inner);
	int status = inner_run(inner);
	filed_free(d);
	event_base_free(base);
	return status;
}
