package main

import (
	"fmt"
	"net/http"
	"strings"

	"connectrpc.com/connect"
	connectcors "connectrpc.com/cors"
	"github.com/rs/cors"
)

// newHandler returns everything that the gateway answers.
func newHandler(chosen options, topics topics, health *health) http.Handler {
	mux := http.NewServeMux()
	addRPC(mux, topics, health, connect.WithReadMaxBytes(chosen.maxBody), connect.WithCompressMinBytes(4096))
	addJSON(mux, topics)
	addModels(mux, topics.routes)
	addPage(mux)
	limited := withBodyLimit(int64(chosen.maxBody), mux)
	return withSecurityHeaders(withOrigins(chosen, withAdmission(len(topics.routes)*chosen.maxCalls(), topics.metrics, limited)))
}

// withOrigins lets pages of the allowed origins read the answers. Without an allowed origin it adds nothing.
func withOrigins(chosen options, next http.Handler) http.Handler {
	if len(chosen.allowOrigins) == 0 {
		return next
	}
	return cors.New(cors.Options{
		AllowedOrigins: chosen.allowOrigins,
		AllowedMethods: connectcors.AllowedMethods(),
		AllowedHeaders: append(connectcors.AllowedHeaders(), chosen.forward...),
		ExposedHeaders: append(connectcors.ExposedHeaders(), "Retry-After"),
		MaxAge:         7200,
	}).Handler(next)
}

// withBodyLimit refuses larger bodies. The limit for a message of gRPC is connect's, because its body is a stream.
func withBodyLimit(limit int64, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/grpc") {
			if r.ContentLength > limit {
				tooLarge(limit).write(w)
				return
			}
			r.Body = http.MaxBytesReader(w, r.Body, limit)
		}
		next.ServeHTTP(w, r)
	})
}

func tooLarge(limit int64) problem {
	return problem{http.StatusRequestEntityTooLarge, "resource_exhausted",
		fmt.Sprintf("the body must have at most %d bytes: send fewer texts in a request", limit), nil, 0}
}

// withSecurityHeaders lets a browser load what the page needs from the gateway alone, and show it in no frame.
func withSecurityHeaders(next http.Handler) http.Handler {
	headers := map[string]string{
		"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; " +
			"img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
		"Cross-Origin-Opener-Policy": "same-origin",
		"Permissions-Policy":         "camera=(), geolocation=(), microphone=()",
		"Referrer-Policy":            "no-referrer",
		"X-Content-Type-Options":     "nosniff",
		"X-Frame-Options":            "DENY",
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, value := range headers {
			w.Header().Set(name, value)
		}
		next.ServeHTTP(w, r)
	})
}
