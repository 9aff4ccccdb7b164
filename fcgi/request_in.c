#include "request_in.h"

#include "peer.h"

void request_in_read(const struct config *config, struct route_input *input)
{
    *input = (struct route_input){
        .method = peer_param("REQUEST_METHOD"),
        .script_name = peer_param("SCRIPT_NAME"),
        .path_info = peer_param("PATH_INFO"),
        .query = peer_param("QUERY_STRING"),
        .user = peer_param(config->auth.user_param),
        .role = peer_param(config->auth.role_param),
        .user_id = peer_param(config->auth.user_id_param),
        .request_id = peer_param("REQUEST_ID"),
        .peer_fd = peer_fd(),
        .body =
            {
                .type = peer_param("CONTENT_TYPE"),
                .encoding = peer_param("HTTP_CONTENT_ENCODING"),
                .length = peer_param("CONTENT_LENGTH"),
                .read = peer_read_body,
            },
    };
}
