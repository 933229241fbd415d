# read: values
path "secret/*" {
  capabilities = ["read"]
}
