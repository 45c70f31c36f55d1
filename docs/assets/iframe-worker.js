// Browsers start no worker for a page that is opened as a file, so that the search would be dead there. This runs
// the worker's script in a hidden frame instead; the theme looks for the class by its name.
window.IFrameWorker = class IFrameWorker extends EventTarget {
  constructor(address) {
    super()
    this.frame = document.createElement("iframe")
    this.frame.hidden = true
    document.body.append(this.frame)
    const inner = this.frame.contentWindow
    inner.document.open()
    inner.document.write("<!doctype html><body></body>")
    inner.document.close()
    inner.postMessage = data => {
      const event = new MessageEvent("message", { data })
      this.dispatchEvent(event)
      if (this.onmessage) this.onmessage(event)
    }
    inner.importScripts = async (...addresses) => {
      for (const one of addresses) await this.load(one)
    }
    this.ready = this.load(address)
  }

  load(address) {
    return new Promise((done, failed) => {
      const inside = this.frame.contentWindow.document
      const script = inside.createElement("script")
      script.src = address
      script.onload = done
      script.onerror = () => failed(new Error(`${address} cannot be read`))
      inside.body.append(script)
    })
  }

  postMessage(data) {
    this.ready.then(() => this.frame.contentWindow.dispatchEvent(new MessageEvent("message", { data })))
  }

  terminate() {
    this.frame.remove()
  }
}
if (location.protocol === "file:") window.Worker = window.IFrameWorker
