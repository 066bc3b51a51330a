"""OAuth 2.0: from the consent in the browser to a fresh access token for each request."""
