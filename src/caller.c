#include "caller.h"

#include <string.h>

#include "json_write.h"

static void write_text(struct json_writer *json, const char *key, const char *text)
{
    json_write_key(json, key);
    json_write_string(json, text, strlen(text));
}

bool caller_get(struct app *app, const struct request *request, struct buffer *body,
                struct error *error)
{
    const struct identity *identity = &request->identity;
    struct json_writer json;

    (void)error;
    json_write_start(&json, body);
    json_write_begin_object(&json);
    write_text(&json, "user", identity->user);
    write_text(&json, "role", identity_role_name(identity->role));
    json_write_key(&json, "user_id");
    if (identity->has_user_id)
        json_write_uuid(&json, &identity->user_id);
    else
        json_write_null(&json);
    write_text(&json, "tenancy", config_tenancy_name(app->config->service.tenancy));
    json_write_end_object(&json);
    return true;
}
