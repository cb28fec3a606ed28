package main

import (
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/grpc/status"

	"github.com/question-topic/question-topic/clients/go/questiontopicv1"
)

// metrics counts what callers of every protocol got, and what was merged for them.
type metrics struct {
	registry *prometheus.Registry
	handled  *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
}

func newMetrics(routes routes) *metrics {
	service := prometheus.Labels{"grpc_service": questiontopicv1.TopicService_ServiceDesc.ServiceName}
	m := &metrics{
		registry: prometheus.NewRegistry(),
		handled: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "grpc_server_handled_total", Help: "Calls that ended, of all protocols.", ConstLabels: service,
		}, []string{"grpc_method", "grpc_code", "model"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "grpc_server_handling_seconds", Help: "Time from a request to its answer.", ConstLabels: service,
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"grpc_method", "model"}),
	}
	m.registry.MustRegister(m.handled, m.seconds,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	for _, route := range routes {
		m.addMerging(route)
	}
	return m
}

// addMerging adds what the client of a route merges.
func (m *metrics) addMerging(route *route) {
	stats, model := route.client.MergingStats, prometheus.Labels{"model": route.model}
	m.registry.MustRegister(
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "questiontopic_merged_calls_total", Help: "Calls to the server that callers shared.", ConstLabels: model,
		}, func() float64 { return float64(stats().Calls) }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "questiontopic_merged_texts_total", Help: "Texts in these calls.", ConstLabels: model,
		}, func() float64 { return float64(stats().Texts) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "questiontopic_waiting_texts", Help: "Texts that wait for their turn.", ConstLabels: model,
		}, func() float64 { return float64(stats().Waiting) }))
}

// ended counts a call that began at a time and ended with err, or nil. The model is a route's, so that callers cannot
// add values; it is empty for a call without a route.
func (m *metrics) ended(method, model string, began time.Time, err error) {
	m.handled.WithLabelValues(method, code.Code(status.Code(err)).String(), model).Inc()
	m.seconds.WithLabelValues(method, model).Observe(time.Since(began).Seconds())
}

// refused counts a call that was not admitted. Its model is unknown, because nothing of it was read.
func (m *metrics) refused() {
	m.handled.WithLabelValues("PredictTopic", code.Code_RESOURCE_EXHAUSTED.String(), "").Inc()
}

// serve answers /metrics on address until the listener that it returns is closed.
func (m *metrics) serve(address string) (net.Listener, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}))
	server := &http.Server{Handler: mux, ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second}
	go func() { _ = server.Serve(listener) }() // It ends when the listener is closed.
	return listener, nil
}
