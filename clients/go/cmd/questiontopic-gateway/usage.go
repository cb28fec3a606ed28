package main

const usage = `Usage: questiontopic-gateway [flags]
       questiontopic-gateway healthcheck [flags]

Serves one question-topic server, or one for each of several models, to browsers and to callers of HTTP, all on one port:
  /                         a web page that labels questions and CSV files
  POST /predict_topic       JSON; /openapi.json describes it. GET /models lists the names for its field model
  POST /questiontopic.v1.TopicService/PredictTopic, /…/DescribeModel
                            the contract as JSON, gRPC and gRPC-Web, with health and reflection
Single questions of many callers reach the server together, as few calls.

Callers:
  --address HOST:PORT       where to listen (default localhost:8888; port 0 takes a free one)
  --tls-certificate FILE, --tls-key FILE
                            PEM certificate chain and private key; turns TLS on
  --allow-origin ORIGIN     a page of this origin may ask, too; may be repeated; * allows every origin (default none)
  --max-body BYTES          the largest request (default 8388608)
  --read-timeout SECONDS    a request must have arrived after this time (default 10)

Server:
  --backend TARGET          HOST:PORT, or dns:///HOST:PORT; calls go to all of its addresses (default localhost:50051)
  --backend MODEL=TARGET,…  several models: a call goes to the servers of the model that it names, and to the first if it
                            names none. The name is the bundle's own. May be repeated. The flags below hold for all
  --backend-plaintext       connect without encryption; the default for a loopback address
  --backend-tls             connect with TLS; any other address needs --backend-tls or --backend-plaintext
  --backend-ca FILE         with --backend-tls: PEM certificates to trust (default the system's)
  --backend-cert FILE, --backend-key FILE
                            with --backend-tls: the gateway's PEM certificate and private key, for mutual TLS
  --backend-server-name NAME
                            with --backend-tls: the name in the server's certificate (default the target's host)
  --backend-token-file FILE the token that says to the server who calls; read again when it changes (default none)
  --timeout SECONDS         deadline of a call whose caller has set none (default 10)
  --in-flight N             merged calls at the same time for each model, 1 to 1024 (default 4); with more servers, give more
  --max-waiting N           texts for each model that may wait for their turn; more are refused (default 1024)
  --forward NAMES           headers of a caller that go on to the server (default x-request-id,traceparent,tracestate).
                            Only callers with the same values of any other header share a call

Metrics and traces:
  --metrics-address HOST:PORT
                            serve Prometheus text at /metrics on a port of its own (default none)
  --traces yes|no           send spans to a collector of OpenTelemetry, over gRPC (default no). Its own variables say where
                            and how many: OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_TRACES_SAMPLER, OTEL_SERVICE_NAME and others

End, after SIGTERM or SIGINT:
  --drain-delay SECONDS     health says NOT_SERVING for this time before the port closes (default 1)
  --drain-timeout SECONDS   then running calls may take this long (default 8), and the last spans two seconds

  --version                 print the version
  --help                    print this text

Each flag is an environment variable, too: --max-body is QUESTIONTOPIC_GATEWAY_MAX_BODY. A flag takes precedence.
Exit status: 0 after a drain, 1 if the gateway cannot listen or calls were cut off, 2 for wrong usage.
healthcheck asks the gateway that runs with the same flags and variables. Exit status: 0 for SERVING, 1 if not.
`
