package questiontopic

import (
	"context"
	"fmt"
	"unicode/utf8"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// maxViolations bounds an error, for a call of millions of texts. It is the contract's Limits.max_texts.
const maxViolations = 512

// checkStrings refuses a request with a string that is not UTF-8, before anything is sent. gRPC cannot encode such a
// request either, but it reports INTERNAL, which is the code for a fault of the server, and does not name the string.
func checkStrings(
	ctx context.Context, method string, request, response any,
	connection *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption,
) error {
	if message, ok := request.(proto.Message); ok {
		if fields := invalidStrings(message.ProtoReflect()); len(fields) > 0 {
			return notUTF8(fields)
		}
	}
	return invoke(ctx, method, request, response, connection, options...)
}

// invalidStrings returns the message's string fields that are not UTF-8, for example `model` and `texts[3]`.
func invalidStrings(message protoreflect.Message) []string {
	var invalid []string
	fields := message.Descriptor().Fields()
	for i := range fields.Len() {
		field := fields.Get(i)
		switch value := message.Get(field); {
		case field.Kind() != protoreflect.StringKind:
		case field.IsList():
			for j := 0; j < value.List().Len() && len(invalid) < maxViolations; j++ {
				if !utf8.ValidString(value.List().Get(j).String()) {
					invalid = append(invalid, fmt.Sprintf("%s[%d]", field.Name(), j))
				}
			}
		case !utf8.ValidString(value.String()):
			invalid = append(invalid, string(field.Name()))
		}
	}
	return invalid
}

func notUTF8(fields []string) error {
	const description = "not valid UTF-8"
	message := fields[0] + ": " + description
	if len(fields) > 1 {
		message += fmt.Sprintf(" (and %d more)", len(fields)-1)
	}
	request := &errdetails.BadRequest{}
	for _, field := range fields {
		request.FieldViolations = append(request.FieldViolations,
			&errdetails.BadRequest_FieldViolation{Field: field, Description: description})
	}
	refused, err := status.New(codes.InvalidArgument, message).WithDetails(request)
	if err != nil {
		return err
	}
	return refused.Err()
}
