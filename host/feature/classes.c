/* See classes.h. */
#include "feature/classes.h"
#include "cert_errors.h"

#define ERROR_ROW(number, name, cls, over, category) { number, name, (enum cert_class)(cls), over, category },
static const struct cert_error table[] = { CERT_ERROR_TABLE(ERROR_ROW) };

static const struct { int32_t from, to; enum cert_class cls; } ranges[] = {
#define RANGE_ROW(from, to, cls) { from, to, (enum cert_class)(cls) },
	CERT_ERROR_RANGES(RANGE_ROW)
};

const struct cert_error *cert_error_find(int32_t number)
{
	/* highest first: the generator sees to the order */
	size_t low = 0, high = sizeof table / sizeof *table;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (table[mid].number == number)
			return &table[mid];
		if (table[mid].number > number)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

enum cert_class cert_error_class(int32_t number)
{
	const struct cert_error *e = cert_error_find(number);
	if (e)
		return e->cls;
	for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
		if (number >= ranges[i].from && number <= ranges[i].to)
			return ranges[i].cls;
	return CERT_CLASS_NONE;
}
