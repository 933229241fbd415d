package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"time"

	"github.com/openbao/openbao/sdk/v2/framework"
	"github.com/openbao/openbao/sdk/v2/logical"
)

const help = "Gives out random credentials with a lease, as an engine for a database does."

type leased struct{ *framework.Backend }

// leasedFactory makes an engine whose every read gives fresh credentials with a lease: what a database engine does,
// without the database. `roles/<name>` holds `ttl` and `max_ttl`, `creds/<name>` gives credentials, and
// `revoked/<username>` says whether the lease of one of them has ended.
func leasedFactory(ctx context.Context, config *logical.BackendConfig) (logical.Backend, error) {
	engine := &leased{}
	engine.Backend = &framework.Backend{
		Help:        help,
		BackendType: logical.TypeLogical,
		Secrets: []*framework.Secret{{
			Type: "credentials",
			Fields: map[string]*framework.FieldSchema{
				"username": {Type: framework.TypeString},
				"password": {Type: framework.TypeString},
			},
			Renew:  engine.renew,
			Revoke: engine.revoke,
		}},
		Paths: []*framework.Path{
			engine.path("roles/", map[logical.Operation]framework.OperationHandler{
				logical.UpdateOperation: &framework.PathOperation{Callback: engine.writeRole},
			}),
			engine.path("creds/", map[logical.Operation]framework.OperationHandler{
				logical.ReadOperation: &framework.PathOperation{Callback: engine.credentials},
			}),
			engine.path("revoked/", map[logical.Operation]framework.OperationHandler{
				logical.ReadOperation: &framework.PathOperation{Callback: engine.revoked},
			}),
		},
	}
	return engine, engine.Setup(ctx, config)
}

func (engine *leased) path(prefix string, operations map[logical.Operation]framework.OperationHandler) *framework.Path {
	return &framework.Path{
		Pattern: prefix + framework.GenericNameRegex("name"),
		Fields: map[string]*framework.FieldSchema{
			"name":    {Type: framework.TypeString},
			"ttl":     {Type: framework.TypeDurationSecond, Default: 3600},
			"max_ttl": {Type: framework.TypeDurationSecond, Default: 86400},
		},
		Operations:   operations,
		HelpSynopsis: help,
	}
}

type role struct{ TTL, MaxTTL time.Duration }

func (engine *leased) writeRole(ctx context.Context, request *logical.Request, data *framework.FieldData) (*logical.Response, error) {
	seconds := func(field string) time.Duration { return time.Duration(data.Get(field).(int)) * time.Second }
	entry, err := logical.StorageEntryJSON("roles/"+data.Get("name").(string), role{seconds("ttl"), seconds("max_ttl")})
	if err != nil {
		return nil, err
	}
	return nil, request.Storage.Put(ctx, entry)
}

func (engine *leased) role(ctx context.Context, storage logical.Storage, name string) (*role, error) {
	entry, err := storage.Get(ctx, "roles/"+name)
	if err != nil || entry == nil {
		return nil, err
	}
	found := &role{}
	return found, entry.DecodeJSON(found)
}

func (engine *leased) credentials(ctx context.Context, request *logical.Request, data *framework.FieldData) (*logical.Response, error) {
	name := data.Get("name").(string)
	found, err := engine.role(ctx, request.Storage, name)
	if err != nil {
		return nil, err
	}
	if found == nil {
		return logical.ErrorResponse("unknown role"), nil
	}
	random := make([]byte, 24)
	if _, err := rand.Read(random); err != nil {
		return nil, err
	}
	username := name + "-" + hex.EncodeToString(random[:4])
	response := engine.Secret("credentials").Response(
		map[string]interface{}{"username": username, "password": hex.EncodeToString(random[4:])},
		map[string]interface{}{"username": username, "role": name},
	)
	response.Secret.TTL, response.Secret.MaxTTL = found.TTL, found.MaxTTL
	return response, nil
}

func (engine *leased) renew(ctx context.Context, request *logical.Request, _ *framework.FieldData) (*logical.Response, error) {
	found, err := engine.role(ctx, request.Storage, request.Secret.InternalData["role"].(string))
	if err != nil {
		return nil, err
	}
	response := &logical.Response{Secret: request.Secret}
	if found != nil {
		response.Secret.TTL, response.Secret.MaxTTL = found.TTL, found.MaxTTL
	}
	return response, nil
}

func (engine *leased) revoke(ctx context.Context, request *logical.Request, _ *framework.FieldData) (*logical.Response, error) {
	username := request.Secret.InternalData["username"].(string)
	return nil, request.Storage.Put(ctx, &logical.StorageEntry{Key: "revoked/" + username, Value: []byte("true")})
}

func (engine *leased) revoked(ctx context.Context, request *logical.Request, data *framework.FieldData) (*logical.Response, error) {
	entry, err := request.Storage.Get(ctx, "revoked/"+data.Get("name").(string))
	if err != nil {
		return nil, err
	}
	return &logical.Response{Data: map[string]interface{}{"revoked": entry != nil}}, nil
}
