/* A PKCS#11 module with five certificates, compiled by test_roots.c for each kind of trust object. objects.h has
 * value0, issuer0, serial0 and so on to 4. */
#include "objects.h"
#include <p11-kit-1/p11-kit/pkcs11.h>
#include <p11-kit-1/p11-kit/pkcs11x.h>
#include <string.h>

#define ANCHOR     (STANDARD ? 2UL : CKT_NSS_TRUSTED_DELEGATOR)
#define DISTRUSTED (STANDARD ? 3UL : CKT_NSS_NOT_TRUSTED)
#define VERIFY     (STANDARD ? 4UL : CKT_NSS_MUST_VERIFY_TRUST)

static const struct item { const unsigned char *v, *i, *s; unsigned long vn, in, sn, trust; const char *after; unsigned long an; } items[] = {
#define ITEM(n, trust, after, an) { value##n, issuer##n, serial##n, sizeof value##n, sizeof issuer##n, sizeof serial##n, trust, after, an }
	ITEM(0, ANCHOR, "", 1),                  /* one byte, CK_FALSE */
	ITEM(1, ANCHOR, "231114221320Z", 13),
	ITEM(2, DISTRUSTED, 0, 0),
	ITEM(3, ANCHOR, "2311142213ZZZ", 13),
	ITEM(4, ANCHOR, "991231235959Z", 13),
};
#define N 5
/* Objects: 1..5 certificates, 6..10 trust. */
static unsigned long looking, at;

static CK_RV initialize(void *a) { return CKR_OK; }
static CK_RV finalize(void *a) { return CKR_OK; }
static CK_RV slots(unsigned char p, CK_SLOT_ID *list, unsigned long *n) { list[0] = 7; *n = 1; return CKR_OK; }
static CK_RV open_it(CK_SLOT_ID s, CK_FLAGS f, void *a, CK_NOTIFY n, CK_SESSION_HANDLE *h) { *h = 3; return s == 7 ? CKR_OK : CKR_SLOT_ID_INVALID; }
static CK_RV close_it(CK_SESSION_HANDLE h) { return CKR_OK; }
static CK_RV find_init(CK_SESSION_HANDLE h, CK_ATTRIBUTE *a, unsigned long n)
{
	looking = *(CK_OBJECT_CLASS *)a->pValue;
	at = 0;
	return CKR_OK;
}
static CK_RV find(CK_SESSION_HANDLE h, CK_OBJECT_HANDLE *out, unsigned long max, unsigned long *n)
{
	unsigned long base = looking == CKO_CERTIFICATE ? 1 : looking == (STANDARD ? 0x0bUL : CKO_NSS_TRUST) ? 1 + N : 0;
	*n = 0;
#ifdef FAILS
	if (base == 1 && at == 2)
		return CKR_DEVICE_ERROR;
#endif
	/* One at a time: the reader has to ask again. */
	if (base && at < N && max) {
		out[0] = base + at++;
		*n = 1;
	}
	return CKR_OK;
}
static CK_RV find_final(CK_SESSION_HANDLE h) { return CKR_OK; }
static CK_RV get(CK_SESSION_HANDLE h, CK_OBJECT_HANDLE o, CK_ATTRIBUTE *a, unsigned long n)
{
	const struct item *it = &items[(o - 1) % N];
	CK_RV rv = CKR_OK;
	for (unsigned long k = 0; k < n; k++) {
		const void *p = 0;
		unsigned long len = 0;
		switch (a[k].type) {
		case CKA_VALUE: p = o <= N ? it->v : 0, len = it->vn; break;
		case CKA_ISSUER: p = it->i, len = it->in; break;
		case CKA_SERIAL_NUMBER: p = it->s, len = it->sn; break;
		case CKA_NSS_SERVER_DISTRUST_AFTER: p = it->after, len = it->an; break;
		case CKA_TRUST_SERVER_AUTH: p = STANDARD || o <= N ? 0 : &it->trust, len = sizeof it->trust; break;
		case 0x62cUL: p = STANDARD && o > N ? &it->trust : 0, len = sizeof it->trust; break;
		}
		if (!p) {
			a[k].ulValueLen = (unsigned long)-1;
			rv = CKR_ATTRIBUTE_TYPE_INVALID;
		} else if (len > a[k].ulValueLen) {
			a[k].ulValueLen = (unsigned long)-1;
			rv = CKR_BUFFER_TOO_SMALL;
		} else {
			memcpy(a[k].pValue, p, len);
			a[k].ulValueLen = len;
		}
	}
	return rv;
}

static CK_FUNCTION_LIST list = {
	.C_Initialize = initialize, .C_Finalize = finalize, .C_GetSlotList = slots, .C_OpenSession = open_it,
	.C_CloseSession = close_it, .C_FindObjectsInit = find_init, .C_FindObjects = find, .C_FindObjectsFinal = find_final,
	.C_GetAttributeValue = get,
};
CK_RV C_GetFunctionList(CK_FUNCTION_LIST **out) { *out = &list; return CKR_OK; }
