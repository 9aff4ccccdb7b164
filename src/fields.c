#include "fields.h"

#include "decimal.h"

/* Writes one value; returns false where the text is not of its type. */
typedef bool field_writer(struct json_writer *json, const char *text, size_t length);

static bool write_text(struct json_writer *json, const char *text, size_t length)
{
    json_write_string(json, text, length);
    return true;
}

static bool write_i64(struct json_writer *json, const char *text, size_t length)
{
    int64_t value = 0;
    bool good = decimal_to_i64(text, &value);

    (void)length;
    json_write_i64(json, value);
    return good;
}

static bool write_f64(struct json_writer *json, const char *text, size_t length)
{
    double value = 0;
    bool good = decimal_to_f64(text, &value);

    (void)length;
    json_write_f64(json, value);
    return good;
}

static bool write_time(struct json_writer *json, const char *text, enum timestamp_zone zone)
{
    struct timestamp time = {0, 0};
    bool good = decimal_to_i64(text, &time.seconds);

    json_write_timestamp(json, &time, zone);
    return good;
}

static bool write_time_z(struct json_writer *json, const char *text, size_t length)
{
    (void)length;
    return write_time(json, text, TIMESTAMP_ZONE_Z);
}

static bool write_time_offset(struct json_writer *json, const char *text, size_t length)
{
    (void)length;
    return write_time(json, text, TIMESTAMP_ZONE_OFFSET);
}

static field_writer *const writers[] = {
    [FIELD_TEXT] = write_text,
    [FIELD_I64] = write_i64,
    [FIELD_F64] = write_f64,
    [FIELD_TIME_Z] = write_time_z,
    [FIELD_TIME_OFFSET] = write_time_offset,
};

enum { TOLD_MOST = 100 /* bytes of a column's text in a fault */ };

bool fields_fit(struct buffer *out, struct error *error)
{
    return buffer_admits(out, 0) ||
           error_set(error, ERROR_REPLY_TOO_LARGE, "the reply would be larger than max_reply");
}

static bool write_field(struct json_writer *json, const struct field *field, const char *text,
                        size_t length, struct error *error)
{
    json_write_key(json, field->key);
    if (text == NULL)
        json_write_null(json);
    else if (!writers[field->type](json, text, length))
        return error_internal(error, "column %s holds \"%.*s\"", field->key, TOLD_MOST, text);
    return true;
}

bool fields_write(struct json_writer *json, const struct field *fields, const struct db_row *row,
                  int column, struct error *error)
{
    json_write_begin_object(json);
    for (const struct field *field = fields; field->type != FIELD_END; field++, column++) {
        const char *text = db_row_text(row, column);

        if (field->type == FIELD_TOO_LONG)
            json->out->is_cut = json->out->is_cut || text != NULL;
        else if (!write_field(json, field, text, db_row_length(row, column), error))
            return false;
    }
    json_write_end_object(json);
    return fields_fit(json->out, error);
}
