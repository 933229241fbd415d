package main

import (
	"github.com/openbao/openbao/builtin/credential/approle"
	"github.com/openbao/openbao/builtin/credential/cert"
	jwt "github.com/openbao/openbao/builtin/credential/jwt"
	kubernetes "github.com/openbao/openbao/builtin/credential/kubernetes"
	"github.com/openbao/openbao/builtin/credential/userpass"
	"github.com/openbao/openbao/builtin/logical/kv"
	"github.com/openbao/openbao/sdk/v2/helper/consts"
	"github.com/openbao/openbao/sdk/v2/logical"
)

// secrets are the engines that can be mounted.
var secrets = map[string]logical.Factory{
	"kv":     kv.Factory,
	"leased": leasedFactory,
}

// logins are the ways to log in that can be mounted; tokens are always there.
var logins = map[string]logical.Factory{
	"approle":    approle.Factory,
	"cert":       cert.Factory,
	"jwt":        jwt.Factory,
	"kubernetes": kubernetes.Factory,
	"userpass":   userpass.Factory,
}

// registry tells the core that all of these are built in; without one it panics when something is mounted.
type registry struct{}

func of(kind consts.PluginType) map[string]logical.Factory {
	switch kind {
	case consts.PluginTypeSecrets:
		return secrets
	case consts.PluginTypeCredential:
		return logins
	default:
		return nil
	}
}

func (registry) Contains(name string, kind consts.PluginType) bool {
	_, there := of(kind)[name]
	return there
}

func (registry) Get(name string, kind consts.PluginType) (func() (interface{}, error), bool) {
	factory, there := of(kind)[name]
	return func() (interface{}, error) { return factory, nil }, there
}

func (registry) Keys(kind consts.PluginType) []string {
	names := []string{}
	for name := range of(kind) {
		names = append(names, name)
	}
	return names
}

func (registry) DeprecationStatus(name string, kind consts.PluginType) (consts.DeprecationStatus, bool) {
	_, there := of(kind)[name]
	return consts.Supported, there
}
