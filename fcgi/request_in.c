#include "request_in.h"

static bool read_body(void *peer, size_t most, struct buffer *body)
{
    return peer_read_body(peer, most, body);
}

void request_in_read(struct peer *peer, const struct config *config, struct route_input *input)
{
    *input = (struct route_input){
        .method = peer_param(peer, "REQUEST_METHOD"),
        .script_name = peer_param(peer, "SCRIPT_NAME"),
        .path_info = peer_param(peer, "PATH_INFO"),
        .query = peer_param(peer, "QUERY_STRING"),
        .user = peer_param(peer, config->auth.user_param),
        .role = peer_param(peer, config->auth.role_param),
        .user_id = peer_param(peer, config->auth.user_id_param),
        .secret = peer_param(peer, "TALLY_SECRET"),
        .request_id = peer_param(peer, "REQUEST_ID"),
        .peer_fd = peer_fd(peer),
        .body =
            {
                .type = peer_param(peer, "CONTENT_TYPE"),
                .encoding = peer_param(peer, "HTTP_CONTENT_ENCODING"),
                .length = peer_param(peer, "CONTENT_LENGTH"),
                .read = read_body,
                .reader = peer,
            },
    };
}
