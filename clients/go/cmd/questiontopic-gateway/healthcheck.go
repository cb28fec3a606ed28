package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"connectrpc.com/grpchealth"
)

// The time that a container's check may take is longer.
const healthcheckTimeout = 4 * time.Second

// checkHealth asks the gateway that runs with the same settings for its health, because its image has no other program
// that could. It returns exitDrained only if the answer is SERVING.
func checkHealth(ctx context.Context, chosen options, stdout, stderr io.Writer) int {
	ctx, cancel := context.WithTimeout(ctx, healthcheckTimeout)
	defer cancel()
	status, err := askHealth(ctx, chosen)
	if err != nil {
		return fail(stderr, exitFailed, fmt.Errorf("not healthy: %w", err))
	}
	fmt.Fprintln(stdout, status)
	if status != "SERVING" {
		return exitFailed
	}
	return exitDrained
}

func askHealth(ctx context.Context, chosen options) (string, error) {
	scheme := "http"
	if chosen.tlsCertificate != "" {
		scheme = "https"
	}
	url := scheme + "://" + chosen.address + "/" + grpchealth.HealthV1ServiceName + "/Check"
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader("{}"))
	if err != nil {
		return "", err
	}
	request.Header.Set("Content-Type", "application/json")
	// No proxy, and any certificate: the gateway is in this container.
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true}
	response, err := transport.RoundTrip(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	var answer struct{ Status, Message string }
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return "", fmt.Errorf("%s answers %s, and not as a gateway: %w", url, response.Status, err)
	}
	if answer.Status == "" {
		return "", fmt.Errorf("%s answers %s: %s", url, response.Status, answer.Message)
	}
	return strings.TrimPrefix(answer.Status, "SERVING_STATUS_"), nil
}
