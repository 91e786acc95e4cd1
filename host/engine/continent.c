/* Countries (ISO 3166-1 alpha-2, as tor's GeoIP file names them) and their continents, for "at least two continents". Where a
 * country lies on two, that of its capital. */
#include "engine/pathpick.h"
#include <ctype.h>
#include <string.h>

static const struct { const char *name, *countries; } continents[] = {
	{ "AF", "AO BF BI BJ BW CD CF CG CI CM CV DJ DZ EG EH ER ET GA GH GM GN GQ GW KE KM LR LS LY MA MG ML MR MU MW MZ NA NE NG "
	        "RE RW SC SD SH SL SN SO SS ST SZ TD TG TN TZ UG YT ZA ZM ZW" },
	{ "AN", "AQ BV GS HM TF" },
	{ "AS", "AE AF AM AZ BD BH BN BT CC CN CX CY GE HK ID IL IN IO IQ IR JO JP KG KH KP KR KW KZ LA LB LK MM MN MO MV MY NP OM "
	        "PH PK PS QA SA SG SY TH TJ TL TM TR TW UZ VN YE" },
	{ "EU", "AD AL AT AX BA BE BG BY CH CZ DE DK EE ES FI FO FR GB GG GI GR HR HU IE IM IS IT JE LI LT LU LV MC MD ME MK MT NL "
	        "NO PL PT RO RS RU SE SI SJ SK SM UA VA XK" },
	{ "NA", "AG AI AW BB BL BM BQ BS BZ CA CR CU CW DM DO GD GL GP GT HN HT JM KN KY LC MF MQ MS MX NI PA PM PR SV SX TC TT US "
	        "VC VG VI" },
	{ "OC", "AS AU CK FJ FM GU KI MH MP NC NF NR NU NZ PF PG PN PW SB TK TO TV UM VU WF WS" },
	{ "SA", "AR BO BR CL CO EC FK GF GY PE PY SR UY VE" },
};

const char *continent_of(const char *country)
{
	if (country == NULL || strlen(country) != 2 || !isalpha((unsigned char)country[0]) || !isalpha((unsigned char)country[1]))
		return NULL;
	const char code[3] = { (char)toupper((unsigned char)country[0]), (char)toupper((unsigned char)country[1]), '\0' };
	for (size_t i = 0; i < sizeof continents / sizeof continents[0]; i++)
		for (const char *at = continents[i].countries; (at = strstr(at, code)) != NULL; at++)
			if ((at - continents[i].countries) % 3 == 0)
				return continents[i].name;
	return NULL;
}
