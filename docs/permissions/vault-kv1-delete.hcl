# delete: looks whether the secret is there, then removes it
path "secret/*" {
  capabilities = ["read", "delete"]
}
