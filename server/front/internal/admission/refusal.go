package admission

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/net/http2/hpack"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// refusal keeps the newest refusal's headers: in a flood most are equal, and to make them costs more than all the rest.
type refusal struct {
	of      error
	encoded bytes.Buffer
}

// block has a call's trailers, which change nothing in the caller's table: that is shared with those of gRPC.
func (r *refusal) block(err error) []byte {
	if err != r.of {
		r.of = err
		r.encoded.Reset()
		encoder := hpack.NewEncoder(&r.encoded)
		for _, field := range trailers(err) {
			field.Sensitive = true
			_ = encoder.WriteField(field) // Into memory.
		}
	}
	return r.encoded.Bytes()
}

// trailers are those of an answer that has nothing else.
func trailers(err error) []hpack.HeaderField {
	found := status.Convert(err)
	fields := []hpack.HeaderField{
		{Name: ":status", Value: "200"},
		{Name: "content-type", Value: "application/grpc"},
		{Name: "grpc-status", Value: strconv.Itoa(int(found.Code()))},
		{Name: "grpc-message", Value: percentEncoded(found.Message())},
	}
	if len(found.Proto().GetDetails()) == 0 {
		return fields
	}
	details, err := proto.Marshal(found.Proto())
	if err != nil {
		return fields
	}
	text := base64.RawStdEncoding.EncodeToString(details)
	return append(fields, hpack.HeaderField{Name: "grpc-status-details-bin", Value: text})
}

// percentEncoded is a status message as gRPC sends it: printable ASCII but for the percent sign as it is.
func percentEncoded(text string) string {
	var made strings.Builder
	for _, each := range []byte(text) {
		if each < ' ' || each > '~' || each == '%' {
			fmt.Fprintf(&made, "%%%02X", each)
		} else {
			made.WriteByte(each)
		}
	}
	return made.String()
}
