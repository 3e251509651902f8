// libpq, as the distribution ships it.
#ifndef WEIR_CPOSTGRESQL_SHIM_H
#define WEIR_CPOSTGRESQL_SHIM_H
#include <libpq-fe.h>
#endif
