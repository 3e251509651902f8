// What a site says of itself in files: the catalogue of topics and the protobuf schemas, as they are in the repository.
#ifndef WEIR_SITE_DOCUMENTS_H
#define WEIR_SITE_DOCUMENTS_H

#include <stddef.h>

struct weir_site_document {
    /// Where it is served: "/asyncapi/rnis.yaml".
    const char *path;
    /// Its media type.
    const char *type;
    const unsigned char *bytes;
    size_t count;
};

/// All documents, `*count` of them.
const struct weir_site_document *weir_site_documents(size_t *count);

#endif
