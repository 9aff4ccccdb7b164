#include "error.h"

#include <stdarg.h>
#include <stddef.h>

static const char *const statuses[ERROR_CODES] = {
    [ERROR_NONE] = "200 OK",
    [ERROR_BAD_REQUEST] = "400 Bad Request",
    [ERROR_UNAUTHENTICATED] = "401 Unauthorized",
    [ERROR_FORBIDDEN] = "403 Forbidden",
    [ERROR_NOT_FOUND] = "404 Not Found",
    [ERROR_METHOD_NOT_ALLOWED] = "405 Method Not Allowed",
    [ERROR_TOO_LARGE] = "413 Content Too Large",
    [ERROR_UNSUPPORTED_TYPE] = "415 Unsupported Media Type",
    [ERROR_REJECTED] = "400 Bad Request",
    [ERROR_INTERNAL] = "500 Internal Server Error",
    [ERROR_UNAVAILABLE] = "503 Service Unavailable",
    [ERROR_LOGIN_REFUSED] = "503 Service Unavailable",
    [ERROR_UNFIT] = "503 Service Unavailable",
    [ERROR_EXPOSED] = "503 Service Unavailable",
    [ERROR_REPLY_TOO_LARGE] = "503 Service Unavailable",
    [ERROR_DEADLINE] = "504 Gateway Timeout",
    [ERROR_NO_SUCH_TEXT] = "500 Internal Server Error",
    [ERROR_REFUSED] = "500 Internal Server Error",
    [ERROR_LOG_FAULT] = "503 Service Unavailable",
    [ERROR_PEER_GONE] = "499 Client Closed Request",
};

bool error_set(struct error *error, enum error_code code, const char *format, ...)
{
    if (error->code != ERROR_NONE)
        return false;
    error->code = code;
    va_list arguments;
    va_start(arguments, format);
    buffer_add_format_list(&error->message, format, arguments);
    va_end(arguments);
    return false;
}

bool error_internal(struct error *error, const char *format, ...)
{
    if (error->code != ERROR_NONE)
        return false;
    error_set(error, ERROR_INTERNAL, "internal error");

    va_list arguments;

    va_start(arguments, format);
    buffer_add_format_list(&error->detail, format, arguments);
    va_end(arguments);
    return false;
}

bool error_detail(struct error *error, const char *format, ...)
{
    if (error->code == ERROR_NONE || error->detail.length > 0)
        return false;
    va_list arguments;
    va_start(arguments, format);
    buffer_add_format_list(&error->detail, format, arguments);
    va_end(arguments);
    return false;
}

bool error_copy(struct error *error, const struct error *other)
{
    error->code = other->code;
    buffer_add(&error->message, other->message.data, other->message.length);
    if (other->detail.length > 0)
        buffer_add(&error->detail, other->detail.data, other->detail.length);
    return false;
}

const char *error_status(enum error_code code)
{
    return statuses[code];
}

void error_free(struct error *error)
{
    buffer_free(&error->message);
    buffer_free(&error->detail);
    error->code = ERROR_NONE;
}
