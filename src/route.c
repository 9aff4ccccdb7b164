#include "route.h"

#include <string.h>

#include "caller.h"
#include "fields.h"
#include "health.h"
#include "ingest.h"
#include "json_write.h"
#include "overview.h"
#include "request_log.h"
#include "stats.h"

enum { RETRY_AFTER = 1 }; /* seconds; a worker is back within one of the database's return */

enum access {
    FOR_ALL, /* whom the web server lets through; who it is does not matter */
    FOR_USERS,
    FOR_SERVICES,
    FOR_ADMINS,
};

/* Each role may do what the one before it may. */
static const struct {
    enum role least;
    const char *refusal;
} roles[] = {
    [FOR_USERS] = {ROLE_USER, ""},
    [FOR_SERVICES] = {ROLE_SERVICE, "this needs the role service or admin"},
    [FOR_ADMINS] = {ROLE_ADMIN, "this needs the role admin"},
};

#define READ  "GET, HEAD"
#define WRITE "POST"

static const struct route {
    const char *path;
    const char *methods; /* as the Allow header lists them */
    enum access access;
    bool brings_events;
    bool (*answer)(struct app *app, const struct request *request, struct buffer *body,
                   struct error *error);
    const char *narrower; /* what to ask for where a reply would be too large; NULL: none can be */
} routes[] = {
    {"/v1/usage/stats", READ, FOR_USERS, false, stats_get,
     "ask for a shorter time (since=, until=) or longer buckets (bucket=)"},
    {"/v1/usage/caller", READ, FOR_USERS, false, caller_get, NULL},
    {"/v1/usage/events", WRITE, FOR_SERVICES, true, ingest_post, NULL},
    {"/admin/usage", READ, FOR_ADMINS, false, overview_get,
     "ask for fewer days (days=) or one collection (collection_id=)"},
    {"/healthz", READ, FOR_ALL, false, health_alive_get, NULL},
    {"/readyz", READ, FOR_ALL, false, health_ready_get, NULL},
};

static const char *or_empty(const char *text)
{
    return text == NULL ? "" : text;
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

static bool is_listed(const char *method, const char *methods)
{
    size_t length = strlen(method);
    const char *at = strstr(methods, method);

    return at != NULL && (at == methods || at[-1] == ' ') &&
           (at[length] == '\0' || at[length] == ',');
}

/* A web server that does not tell the method is set up wrongly; a guess could be a wrong one. */
static bool check_method(const struct route *route, const char *method, struct reply *reply,
                         struct error *error)
{
    if (or_empty(method)[0] == '\0')
        return error_internal(error, "the web server sent no REQUEST_METHOD");
    if (is_listed(method, route->methods))
        return true;
    reply->allow = route->methods;
    return error_set(error, ERROR_METHOD_NOT_ALLOWED, "method not allowed");
}

static bool admit(const struct app *app, const struct route *route, const struct route_input *input,
                  struct identity *identity, struct error *error)
{
    if (route->access == FOR_ALL)
        return true;
    if (!identity_check_secret(input->secret, app->config->auth.secret, error) ||
        !identity_read(input->user, input->role, input->user_id, identity, error))
        return false;
    if (identity->role < roles[route->access].least)
        return error_set(error, ERROR_FORBIDDEN, "%s", roles[route->access].refusal);
    return true;
}

static bool begin(struct app *app, struct route_call *call, struct error *error)
{
    const struct route_input *input = call->input;

    call->route = find_route(app, input, error);
    if (call->route == NULL || !check_method(call->route, input->method, &call->reply, error) ||
        !admit(app, call->route, input, &call->request.identity, error))
        return false;
    if (!call->route->brings_events || !ingest_is_small(&call->request))
        return true;
    call->events = intake_read(app->config, &call->request, error);
    return call->events != NULL;
}

/* A reply that is made of rows has a limit; one to events, which are stored by then, needs none. */
static bool answer_within(struct app *app, struct route_call *call, struct error *error)
{
    const struct route *route = call->route;
    struct buffer *body = &call->reply.body;

    if (route->narrower == NULL)
        return route->answer(app, &call->request, body, error);
    body->most = (size_t)app->config->service.max_reply;

    bool good = route->answer(app, &call->request, body, error) && fields_fit(body, error);

    if (error->code == ERROR_REPLY_TOO_LARGE)
        buffer_add_format(&error->message, ": %s", route->narrower);
    return good;
}

static bool finish(struct app *app, struct route_call *call, struct error *error)
{
    if (call->events == NULL)
        return answer_within(app, call, error);
    return ingest_finish(app, call->events, &call->reply.body, error);
}

/* What the client did wrong is told to the client alone. */
static void log_fault(struct app *app, const struct route_input *input, const struct error *error)
{
    bool is_ours = error->code == ERROR_INTERNAL || error->code == ERROR_REFUSED ||
                   error->code == ERROR_LOG_FAULT;
    enum log_level level = is_ours ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING;
    struct buffer subject = {0};
    struct buffer text = {0};

    if (error->detail.length == 0 && error->code != ERROR_DEADLINE &&
        error->code != ERROR_REPLY_TOO_LARGE)
        return;
    request_log_add_subject(&subject, input);
    buffer_add_format(&text, "%s%s%s", error->message.data, error->detail.length == 0 ? "" : ": ",
                      error->detail.length == 0 ? "" : error->detail.data);
    fault_log_add(&app->faults, level, subject.data, text.data);
    buffer_free(&text);
    buffer_free(&subject);
}

static void render_error(const struct error *error, struct buffer *body)
{
    struct json_writer json;

    buffer_free(body);
    json_write_start(&json, body);
    json_write_begin_object(&json);
    json_write_key(&json, "error");
    json_write_string(&json, error->message.data, error->message.length);
    json_write_end_object(&json);
}

static bool is_temporary(enum error_code code)
{
    return code == ERROR_UNAVAILABLE || code == ERROR_LOGIN_REFUSED || code == ERROR_UNFIT ||
           code == ERROR_LOG_FAULT;
}

void route_begin(struct app *app, const struct route_input *input, struct route_call *call)
{
    *call = (struct route_call){
        .input = input,
        .request = {.query = or_empty(input->query),
                    .peer_fd = input->peer_fd,
                    .body = &input->body},
        .reply = {.status = "200 OK"},
    };
    begin(app, call, &call->error);
}

bool route_is_decided(const struct route_call *call)
{
    return call->error.code != ERROR_NONE;
}

static void take_error(struct app *app, struct route_call *call)
{
    const struct error *error = &call->error;
    struct reply *reply = &call->reply;

    log_fault(app, call->input, error);
    if (error->code == ERROR_PEER_GONE) {
        reply->status = NULL;
        return;
    }
    reply->status = error_status(error->code);
    reply->retry_after = is_temporary(error->code) ? RETRY_AFTER : 0;
    if (error->code != ERROR_REJECTED)
        render_error(error, &reply->body);
}

void route_answer(struct app *app, struct route_call *call)
{
    if (route_is_decided(call) || !finish(app, call, &call->error))
        take_error(app, call);
    intake_free(call->events);
    call->events = NULL;
    error_free(&call->error);
}
