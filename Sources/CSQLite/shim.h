// SQLite, as the distribution ships it.
#ifndef WEIR_CSQLITE_SHIM_H
#define WEIR_CSQLITE_SHIM_H
#include <sqlite3.h>

// SQLITE_STATIC and SQLITE_TRANSIENT are casts of integers, which Swift does not see.
static inline int weir_sqlite_bind_blob_static(sqlite3_stmt *statement, int index, const void *bytes, int count) {
    // A null pointer would bind NULL; an empty payload is an empty blob.
    return sqlite3_bind_blob(statement, index, bytes ? bytes : "", count, SQLITE_STATIC);
}
static inline int weir_sqlite_bind_text(sqlite3_stmt *statement, int index, const char *text, int count) {
    return sqlite3_bind_text(statement, index, text ? text : "", count, SQLITE_TRANSIENT);
}
#endif
