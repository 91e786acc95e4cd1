/* Reads Mozilla's root module through PKCS#11 (contract in nssckbi.h).
 *
 * A trust object tells what the certificate with its issuer and serial number is trusted for. Two kinds exist:
 * NSS's own class (up to about NSS 3.113) and the standard's (PKCS#11 3.2, CKO_TRUST). Certificates carry NSS's
 * CKA_NSS_SERVER_DISTRUST_AFTER: CK_FALSE, or a UTCTime. */
#include "parse/nssckbi.h"

#include "base/limits.h"
#include "base/log.h"
#include <dlfcn.h>
#include <p11-kit-1/p11-kit/pkcs11.h>
#include <p11-kit-1/p11-kit/pkcs11x.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* PKCS#11 3.2, newer than the header. */
#define P11_CKO_TRUST              0x0bUL
#define P11_CKA_TRUST_SERVER_AUTH  0x62cUL
#define P11_CKT_TRUST_ANCHOR       0x02UL
#define P11_CKT_NOT_TRUSTED        0x03UL

#define SLOTS_MAX 8      /* the module has one, or two with NSS's internal ones */
#define NAME_MAX_DER 1024

struct trust {
	uint8_t issuer[NAME_MAX_DER], serial[64];
	CK_ULONG issuer_len, serial_len;
	bool is_anchor, is_distrusted;
};

struct reading {
	CK_FUNCTION_LIST *p11;
	CK_SESSION_HANDLE session;
	struct roots *roots;
	struct trust *trust;   /* of the slot being read */
	size_t n_trust, n_anchors;
	uint8_t value[CERT_MAX];
};

typedef enum err read_object(struct reading *r, CK_OBJECT_HANDLE object, CK_OBJECT_CLASS class);

static enum err each_object(struct reading *r, CK_OBJECT_CLASS class, read_object *read)
{
	CK_ATTRIBUTE of_class = { CKA_CLASS, &class, sizeof class };
	CK_OBJECT_HANDLE found[64];
	CK_ULONG n = 0;
	enum err err = OK;
	if (r->p11->C_FindObjectsInit(r->session, &of_class, 1) != CKR_OK)
		return OK;   /* a module need not know the class */
	for (size_t total = 0; err == OK && total < ROOTS_MAX; total += n) {
		if (r->p11->C_FindObjects(r->session, found, sizeof found / sizeof *found, &n) != CKR_OK)
			err = ERR_ROOTS_NONE;
		if (err != OK || n == 0)
			break;
		for (CK_ULONG i = 0; err == OK && i < n; i++)
			err = read(r, found[i], class);
	}
	r->p11->C_FindObjectsFinal(r->session);
	return err;
}

/* C_GetAttributeValue gives what it can and marks the rest: an attribute that is missing or does not fit has the
 * length CK_UNAVAILABLE_INFORMATION. */
static bool get(struct reading *r, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *want, CK_ULONG n)
{
	CK_RV rv = r->p11->C_GetAttributeValue(r->session, object, want, n);
	return rv == CKR_OK || rv == CKR_ATTRIBUTE_TYPE_INVALID || rv == CKR_BUFFER_TOO_SMALL;
}

static bool is_there(const CK_ATTRIBUTE *a)
{
	return a->ulValueLen != (CK_ULONG)-1 && a->ulValueLen > 0;
}

static enum err read_trust(struct reading *r, CK_OBJECT_HANDLE object, CK_OBJECT_CLASS class)
{
	if (r->n_trust == ROOTS_MAX)
		return ERR_ROOTS_NONE;
	struct trust *t = &r->trust[r->n_trust];
	CK_ULONG server = 0;
	bool is_nss = class == CKO_NSS_TRUST;
	CK_ATTRIBUTE want[] = {
		{ CKA_ISSUER, t->issuer, sizeof t->issuer },
		{ CKA_SERIAL_NUMBER, t->serial, sizeof t->serial },
		{ is_nss ? CKA_TRUST_SERVER_AUTH : P11_CKA_TRUST_SERVER_AUTH, &server, sizeof server },
	};
	if (!get(r, object, want, 3) || !is_there(&want[0]) || !is_there(&want[1]) || !is_there(&want[2]))
		return OK;
	t->issuer_len = want[0].ulValueLen;
	t->serial_len = want[1].ulValueLen;
	t->is_anchor = server == (is_nss ? CKT_NSS_TRUSTED_DELEGATOR : P11_CKT_TRUST_ANCHOR);
	t->is_distrusted = server == (is_nss ? CKT_NSS_NOT_TRUSTED : P11_CKT_NOT_TRUSTED);
	r->n_trust++;
	return t->is_distrusted ? roots_distrust(r->roots, rd_of(t->issuer, t->issuer_len),
	                                         rd_of(t->serial, t->serial_len)) : OK;
}

static bool is_anchor(const struct reading *r, const CK_ATTRIBUTE *issuer, const CK_ATTRIBUTE *serial)
{
	for (size_t i = 0; i < r->n_trust; i++) {
		const struct trust *t = &r->trust[i];
		if (t->is_anchor && t->issuer_len == issuer->ulValueLen && t->serial_len == serial->ulValueLen &&
		    memcmp(t->issuer, issuer->pValue, t->issuer_len) == 0 &&
		    memcmp(t->serial, serial->pValue, t->serial_len) == 0)
			return true;
	}
	return false;
}

/* YYMMDDHHMMSSZ (RFC 5280 section 4.1.2.5.1). What can't be read distrusts everything, as in the browser. */
static uint64_t distrust_date(const CK_ATTRIBUTE *a)
{
	if (!is_there(a) || (a->ulValueLen == 1 && *(const uint8_t *)a->pValue == CK_FALSE))
		return 0;
	char text[14] = "";
	struct tm tm = { 0 };
	if (a->ulValueLen != 13)
		return 1;
	memcpy(text, a->pValue, 13);
	const char *end = strptime(text, "%y%m%d%H%M%SZ", &tm);
	if (!end || *end)
		return 1;
	tm.tm_year = (text[0] - '0') * 10 + text[1] - '0';
	if (tm.tm_year < 50)
		tm.tm_year += 100;
	time_t t = timegm(&tm);
	return t > 0 ? (uint64_t)t : 1;
}

static enum err read_certificate(struct reading *r, CK_OBJECT_HANDLE object, CK_OBJECT_CLASS class)
{
	uint8_t issuer[NAME_MAX_DER], serial[64], after[16];
	CK_ATTRIBUTE want[] = {
		{ CKA_VALUE, r->value, sizeof r->value },
		{ CKA_ISSUER, issuer, sizeof issuer },
		{ CKA_SERIAL_NUMBER, serial, sizeof serial },
		{ CKA_NSS_SERVER_DISTRUST_AFTER, after, sizeof after },
	};
	(void)class;
	if (!get(r, object, want, 4) || !is_there(&want[0]) || !is_there(&want[1]) || !is_there(&want[2]) ||
	    !is_anchor(r, &want[1], &want[2]))
		return OK;
	enum err err = roots_add(r->roots, rd_of(r->value, want[0].ulValueLen), distrust_date(&want[3]));
	if (err == ERR_X509)
		return OK;
	if (err == OK)
		r->n_anchors++;
	return err;
}

static enum err read_slot(struct reading *r, CK_SLOT_ID slot)
{
	if (r->p11->C_OpenSession(slot, CKF_SERIAL_SESSION, NULL, NULL, &r->session) != CKR_OK)
		return ERR_ROOTS_NONE;
	r->n_trust = 0;
	enum err err = each_object(r, CKO_NSS_TRUST, read_trust);
	if (err == OK)
		err = each_object(r, P11_CKO_TRUST, read_trust);
	if (err == OK)
		err = each_object(r, CKO_CERTIFICATE, read_certificate);
	r->p11->C_CloseSession(r->session);
	return err;
}

static enum err read_module(CK_FUNCTION_LIST *p11, struct roots *roots)
{
	CK_SLOT_ID slot[SLOTS_MAX];
	CK_ULONG n = SLOTS_MAX;
	struct reading *r = calloc(1, sizeof *r);
	struct trust *trust = calloc(ROOTS_MAX, sizeof *trust);
	enum err err = r && trust ? OK : ERR_NOMEM;
	if (err == OK && p11->C_GetSlotList(CK_TRUE, slot, &n) != CKR_OK)
		err = ERR_ROOTS_NONE;
	if (err == OK) {
		*r = (struct reading){ .p11 = p11, .roots = roots, .trust = trust };
		for (CK_ULONG i = 0; err == OK && i < n; i++)
			err = read_slot(r, slot[i]);
	}
	if (err == OK && r->n_anchors == 0)
		err = ERR_ROOTS_NONE;
	free(trust);
	free(r);
	return err;
}

static void *load(const char *dir, const char *name)
{
	char path[1024];
	int n = snprintf(path, sizeof path, "%s/%s", dir, name);
	if (dir[0] != '/' || n < 0 || (size_t)n >= sizeof path)
		return NULL;
	return dlopen(path, RTLD_NOW | RTLD_LOCAL);
}

enum err nssckbi_read(struct roots *roots, const char *dir)
{
	/* Older modules need NSPR. The browser's is next to the module but on no search path of ours; once
	 * loaded, the module's need for it is met by its name. */
	load(dir, "libnspr4.so");
	load(dir, "libplc4.so");
	load(dir, "libplds4.so");
	void *module = load(dir, "libnssckbi.so");
	if (!module) {
		log_line("no root module: %s", dlerror());
		return ERR_ROOTS_NONE;
	}
	/* A function pointer out of dlsym: POSIX blesses it, ISO C has no cast for it. */
	CK_C_GetFunctionList get_list = NULL;
	*(void **)&get_list = dlsym(module, "C_GetFunctionList");
	CK_FUNCTION_LIST *p11 = NULL;
	if (!get_list || get_list(&p11) != CKR_OK || !p11 || !p11->C_Initialize || !p11->C_Finalize ||
	    !p11->C_GetSlotList || !p11->C_OpenSession || !p11->C_CloseSession || !p11->C_FindObjectsInit ||
	    !p11->C_FindObjects || !p11->C_FindObjectsFinal || !p11->C_GetAttributeValue ||
	    p11->C_Initialize(NULL) != CKR_OK) {
		dlclose(module);
		return ERR_ROOTS_NONE;
	}
	enum err err = read_module(p11, roots);
	p11->C_Finalize(NULL);
	/* Stays mapped: unloading NSPR under its own thread keys is asking for trouble. */
	return err;
}
