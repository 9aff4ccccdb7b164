#include "route.h"

#include <string.h>

#include "json_write.h"
#include "log.h"
#include "overview.h"
#include "stats.h"

enum { RETRY_AFTER = 1 }; /* seconds; a worker is back within one of the database's return */

static const struct route {
    const char *path;
    const char *allow; /* the methods, as the Allow header lists them */
    enum role role;    /* the least that the caller needs */
    bool (*get)(struct app *app, const struct request *request, struct buffer *body,
                struct error *error);
} routes[] = {
    {"/v1/usage/stats", "GET, HEAD", ROLE_USER, stats_get},
    {"/admin/usage", "GET, HEAD", ROLE_ADMIN, overview_get},
};

static const char *or_empty(const char *text)
{
    return text == NULL ? "" : text;
}

static const char *or_dash(const char *text)
{
    return or_empty(text)[0] == '\0' ? "-" : text;
}

/* Whether SCRIPT_NAME and PATH_INFO together are base_path and `path`. */
static bool is_at(const struct route_input *input, const char *base_path, const char *path)
{
    const char *expected[] = {base_path, path};
    const char *given[] = {or_empty(input->script_name), or_empty(input->path_info)};
    const char *want = expected[0], *have = given[0];
    int wanted = 0, had = 0;

    for (;;) {
        if (*want == '\0' && wanted == 0)
            want = expected[++wanted];
        if (*have == '\0' && had == 0)
            have = given[++had];
        if (*want != *have)
            return false;
        if (*want == '\0')
            return true;
        want++;
        have++;
    }
}

static const struct route *find_route(const struct app *app, const struct route_input *input,
                                      struct error *error)
{
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
        if (is_at(input, app->config->service.base_path, routes[i].path))
            return &routes[i];
    }
    error_set(error, ERROR_NOT_FOUND, "not found");
    return NULL;
}

/* A web server that does not tell the method is set up wrongly; a guess could be a wrong one. */
static bool check_method(const struct route *route, const char *method, struct reply *reply,
                         struct error *error)
{
    if (or_empty(method)[0] == '\0')
        return error_internal(error, "the web server sent no REQUEST_METHOD");
    if (strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0)
        return true;
    reply->allow = route->allow;
    return error_set(error, ERROR_METHOD_NOT_ALLOWED, "method not allowed");
}

static bool run_route(struct app *app, const struct route_input *input, struct reply *reply,
                      struct error *error)
{
    const struct route *route = find_route(app, input, error);
    struct request request = {.query = or_empty(input->query), .peer_fd = input->peer_fd};

    if (route == NULL || !check_method(route, input->method, reply, error) ||
        !identity_read(input->user, input->role, input->user_id, &request.identity, error))
        return false;
    if (request.identity.role < route->role)
        return error_set(error, ERROR_FORBIDDEN, "this needs another role");
    return route->get(app, &request, &reply->body, error);
}

static void log_fault(const struct route_input *input, const struct error *error)
{
    enum log_level level = error->code == ERROR_INTERNAL ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING;

    if (error->detail.length == 0 && error->code != ERROR_DEADLINE &&
        error->code != ERROR_PEER_GONE)
        return;
    log_message(level, "%s %s%s of %s, request %s: %s%s%s", or_empty(input->method),
                or_empty(input->script_name), or_empty(input->path_info), or_dash(input->user),
                or_dash(input->request_id), or_empty(error->message.data),
                error->detail.length == 0 ? "" : ": ", or_empty(error->detail.data));
}

static void render_error(const struct error *error, struct buffer *body)
{
    struct json_writer json;

    buffer_clear(body);
    json_write_start(&json, body);
    json_write_begin_object(&json);
    json_write_key(&json, "error");
    json_write_string(&json, error->message.data, error->message.length);
    json_write_end_object(&json);
}

void route_answer(struct app *app, const struct route_input *input, struct reply *reply)
{
    struct error error = {0};

    *reply = (struct reply){.status = "200 OK"};
    if (run_route(app, input, reply, &error))
        return;
    log_fault(input, &error);
    if (error.code == ERROR_PEER_GONE) {
        reply->status = NULL;
    } else {
        reply->status = error_status(error.code);
        reply->retry_after = error.code == ERROR_UNAVAILABLE ? RETRY_AFTER : 0;
        render_error(&error, &reply->body);
    }
    error_free(&error);
}
