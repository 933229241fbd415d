// Package serve is what the programs for Vault and OpenBao have in common: their arguments, the listener, the one
// line that says that the server is ready, and the end.
package serve

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// Options are the arguments of a server.
type Options struct {
	Listen     string
	Cert       string
	Key        string
	ClientCA   string
	WhileStdin bool
}

// Ready is the line on stdout that says where the server is and what opens it.
type Ready struct {
	Version   string `json:"version"`
	URL       string `json:"url"`
	RootToken string `json:"rootToken"`
	UnsealKey string `json:"unsealKey"`
}

// Arguments reads the command line.
func Arguments() Options {
	var options Options
	flag.StringVar(&options.Listen, "listen", "127.0.0.1:0", "address and port to listen on")
	flag.StringVar(&options.Cert, "cert", "", "file with the certificate; with it the server speaks TLS")
	flag.StringVar(&options.Key, "key", "", "file with the key of the certificate")
	flag.StringVar(&options.ClientCA, "client-ca", "", "file with the authority of client certificates, asked for but not required")
	flag.BoolVar(&options.WhileStdin, "while-stdin", false, "end when stdin is closed, as it is when the parent has gone")
	flag.Parse()
	return options
}

// Listener opens the port, so that its number is known before the server is made.
func (options Options) Listener() (net.Listener, error) {
	listener, err := net.Listen("tcp", options.Listen)
	if err != nil || options.Cert == "" {
		return listener, err
	}
	pair, err := tls.LoadX509KeyPair(options.Cert, options.Key)
	if err != nil {
		return nil, err
	}
	config := &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}}
	// Asked for without an authority too, as Vault does: login by certificate may trust a certificate of its own.
	config.ClientAuth = tls.RequestClientCert
	if options.ClientCA != "" {
		pem, err := os.ReadFile(options.ClientCA)
		if err != nil {
			return nil, err
		}
		config.ClientCAs = x509.NewCertPool()
		if !config.ClientCAs.AppendCertsFromPEM(pem) {
			return nil, errors.New("no certificate in the file of -client-ca")
		}
		config.ClientAuth = tls.VerifyClientCertIfGiven
	}
	return tls.NewListener(listener, config), nil
}

// URL is where the listener answers.
func (options Options) URL(listener net.Listener) string {
	if options.Cert == "" {
		return "http://" + listener.Addr().String()
	}
	return "https://" + listener.Addr().String()
}

// Run answers until SIGTERM, SIGINT or the end of stdin.
func (options Options) Run(listener net.Listener, handler http.Handler, ready Ready) {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if options.WhileStdin {
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin)
			stop()
		}()
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()

	line, err := json.Marshal(ready)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(line))

	select {
	case err := <-failed:
		log.Fatal(err)
	case <-ctx.Done():
		_ = server.Close()
	}
}
