#include "reply_out.h"

void reply_out_send(struct peer *peer, const struct reply *reply, bool head)
{
    static const struct buffer nothing = {0};
    struct buffer header = {0};

    if (reply->status == NULL) {
        peer_abandon(peer);
        return;
    }
    buffer_add_format(&header,
                      "Status: %s\r\n"
                      "Content-Type: application/json\r\n"
                      "Content-Length: %zu\r\n"
                      "Cache-Control: private, no-store\r\n"
                      "X-Content-Type-Options: nosniff\r\n",
                      reply->status, reply->body.length);
    if (reply->allow != NULL)
        buffer_add_format(&header, "Allow: %s\r\n", reply->allow);
    if (reply->retry_after > 0)
        buffer_add_format(&header, "Retry-After: %d\r\n", reply->retry_after);
    buffer_add_text(&header, "\r\n");
    peer_answer(peer, &header, head ? &nothing : &reply->body);
    buffer_free(&header);
}
